// Package exchangefile brings a time bank's books in from the files of another
// system. It owns no table: what it reads becomes members, listings, exchanges
// and ledger transfers. Its SQL, in store.go, is only what the slices that own
// those do not offer: finding rows by their import key, and settled history.
//
// [Read] is pure: files in, typed rows out, or the full list of what cannot be
// read. [Plan] compares the rows with the bank and says what an import would do;
// [Apply] does exactly that, in the caller's transaction, all or nothing.
// [Import] is the three behind one command.
//
// Invariants: nothing of an unreadable file is imported; every row has a key of
// its own, so a second import finds all of it and changes nothing; hours stay
// zero-sum, also those of people who have left; what members or brokers have
// changed here since is never written over.
//
// # The files
//
// TimeOverflow's reports are comma-separated UTF-8 with one line of headings in
// the language of whoever downloads them, without byte order mark:
//
//   - Members: "N", name, e-mail, phone, alternative phone; since 2021 also
//     created, last login; in some releases language and balance. It lists active
//     members only. The balance is in seconds, as the database keeps it. Members
//     without e-mail get an invented user<number>@example.com; the newer reports
//     leave it blank, older ones print it.
//   - Offers, Inquiries (two files of one shape): number of the post (nameless,
//     missing in some releases), title under the heading "Offer" or "Inquiry",
//     tags, "name (member number)", created. A line with nothing but a word in the
//     second column, or the first, names the category of the lines that follow.
//   - Transfers: date, from, to, post, quantity as hours:minutes. From gave the
//     time away, so "to" is who helped. A member is "name (member number)"; the
//     bank's own account is its bare name; whoever has left is one sentence for
//     all ("The user no longer exists"), whoever is inactive another. There is no
//     number of the transfer and the seconds of odd amounts are cut off. Transfers
//     of no time exist (a bug reported again and again) and show as 0 or a dash.
//   - Another member and transfer report, with more columns, has quantities as
//     decimal hours and the member numbers in columns of their own.
//
// The files that TimeOverflow itself imports have no headings. Members (number,
// entry date, name and two surnames, sex as 1 or 2, birthday, phones, e-mail) and
// transfers (number and type of source and destination, seconds, reason, post) are
// understood too. Its posts file names authors by a number that no report shows,
// and is refused.
//
// Besides: a byte order mark, UTF-16, Windows-1252, semicolons, tabs, quoted line
// breaks and days turned around are what a spreadsheet makes of these files on the
// way, and are undone or, where two readings are possible, refused.
package exchangefile
