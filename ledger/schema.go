package ledger

import "embed"

// Migrations holds the ledger's tables and functions (schema/*.up.sql). They run
// in the order of their names, as the owner of the database, where a role
// timebank_app already exists: that role posts and reads.
//
//go:embed schema/*.up.sql
var Migrations embed.FS
