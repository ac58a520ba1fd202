package listing

// Slips lets the benchmark fill a bank in bulk.
var Slips = slips
