// Package pgembed gives a program a PostgreSQL server with nothing to set up.
//
// The binaries are those of the machine (PostgreSQL 15 or later with the
// extensions asked for); where there are none, one exact build is fetched with
// npm, checked against a digest held in this source, and unpacked without
// running any of its scripts.
//
// One server serves every process that names the same state directory. Each
// process holds a lease, which is a pair of shared file locks that the kernel drops
// however the process ends. The last one to close stops the server; a watchdog,
// the same executable run once more, stops it when the last one died instead.
//
// Three more locks keep that honest, all in the state directory:
//
//	turn.lock    held while a process starts or stops the server
//	watch.lock   held by the watchdog on duty
//	server.lock  inherited by the server and all its backends, so that "does
//	             anything of it still live" has one answer, whatever happened
//	             to process ids since
//
// The server listens on a Unix socket only. Durable data is never made anew:
// a data directory this package cannot run is an error that says what to do.
//
// Two variables exist for continuous integration, which must try both kinds of
// binaries: TIMEBANK_PG_BIN (the folder that holds initdb and postgres) and
// TIMEBANK_PG_SOURCE (machine or npm, to allow only that source).
package pgembed
