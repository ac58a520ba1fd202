// Package web is the HTTP edge and the only importer of echo.
//
// A slice describes its operations with Register; out of the Go types come the
// routes, the checks of what was sent, and the OpenAPI document. Every operation
// names who may call it, and one that does not stops the program at its start.
// Every refusal leaves as application/problem+json (RFC 9457).
package web
