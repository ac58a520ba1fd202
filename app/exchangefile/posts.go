package exchangefile

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// noteLimit is how long a listing's note may be.
const noteLimit = 1000

// withNumber is a member as the reports write one: "Ada Byron (12)".
var withNumber = regexp.MustCompile(`^(.*\S)?\s*\((\d{1,12})\)$`)

// section is a stretch of the posts file under one line of headings. Offers and
// requests are two reports of one shape; one file may hold one after the other.
type section struct {
	cols     columns
	request  bool
	typed    bool // each row says itself whether it is an offer or a request
	category string
	order    DateOrder
}

// readPosts reads the offers and requests.
func (r *reader) readPosts(rows []record) {
	r.postKind = map[string]string{}
	if len(rows) == 0 {
		return // a bank without posts
	}
	if w := fold(rows[0].cell(1)); len(rows[0].cells) == 8 && isNumber(rows[0].cell(0)) && (w == "offer" || w == "inquiry") {
		r.errs.add(PostsFile, rows[0].row, "A", "import-file",
			"This is the file that TimeOverflow takes in, not a report: it names authors by a number that no members report shows. Download the reports of offers and inquiries instead, and put one below the other.")
		return
	}
	var s *section
	seen := map[string]int{}
	for i, rec := range rows {
		if next := postHeading(rec); next != nil {
			s = next
			order, ok := r.dateOrder(PostsFile, rows[i+1:], s.cols, fCreated)
			if !ok {
				return
			}
			s.order = order
			continue
		}
		if s == nil {
			r.errs.add(PostsFile, rec.row, "", "headings",
				`This is not a report of offers or inquiries: its first row should be the headings, with "Offer" or "Inquiry" among them. Download the report as CSV and leave its first row in place.`)
			return
		}
		if c, is := s.categoryLine(rec); is {
			s.category = c
			continue
		}
		if p, ok := r.post(rec, s, seen); ok {
			r.file.Posts = append(r.file.Posts, p)
		}
	}
}

// postHeading recognises a line of headings, or answers nil.
func postHeading(rec record) *section {
	for i, c := range rec.cells {
		w := fold(c)
		if i > 1 || (!offerWords[w] && !inquiryWords[w]) {
			continue
		}
		cols := inOrder(fTitle, fTags, fAuthor, fCreated)
		switch {
		case i == 1:
			cols = inOrder(fPostID, fTitle, fTags, fAuthor, fCreated)
		case len(rec.cells) == 2:
			cols = inOrder(fTitle, fAuthor)
		}
		cols.name = rec.cells
		// The heading of the author column must be one, or this is a post called "Offer".
		if _, known := postHeadings[fold(cols.get(rec, fAuthor))]; !known && !withHeadingOnly(rec, cols) {
			return nil
		}
		return &section{cols: cols, request: inquiryWords[w]}
	}
	cols, _, twice := recognise(rec, postHeadings)
	if len(twice) == 0 && cols.has(fTitle, fType, fUID) {
		return &section{cols: cols, typed: true}
	}
	return nil
}

// withHeadingOnly tells whether the author's cell is a heading in a language not
// known here: a word without a member's number.
func withHeadingOnly(rec record, cols columns) bool {
	author := cols.get(rec, fAuthor)
	return author != "" && !withNumber.MatchString(author)
}

// categoryLine recognises a line with nothing but the name of a category.
func (s *section) categoryLine(rec record) (string, bool) {
	if s.typed {
		return "", false
	}
	text, filled := "", 0
	for i, c := range rec.cells {
		if c != "" && i <= 1 {
			text = c
		}
		if c != "" {
			filled++
		}
	}
	return text, filled == 1 && text != ""
}

// post reads one row.
func (r *reader) post(rec record, s *section, seen map[string]int) (Post, bool) {
	p := Post{Row: rec.row, Request: s.request}
	before := len(r.errs.rows)
	wrong := func(f field, code, message string) { r.errs.add(PostsFile, rec.row, s.cols.label(f), code, message) }

	p.Title = clip(printable(s.cols.get(rec, fTitle)), 200)
	if p.Title == "" {
		wrong(fTitle, "title", "The title is missing. Write in a few words what is offered or asked for, or remove the row.")
	}
	category := s.category
	number := s.cols.get(rec, fUID)
	if s.typed {
		category = s.cols.get(rec, fCategory)
		switch w := fold(s.cols.get(rec, fType)); {
		case inquiryWords[w]:
			p.Request = true
		case !offerWords[w]:
			wrong(fType, "type", `The type should be "Offer" or "Inquiry".`)
		}
	} else if m := withNumber.FindStringSubmatch(s.cols.get(rec, fAuthor)); m != nil {
		number = m[2]
	}
	author := fAuthor
	if s.typed {
		author = fUID
	}
	uid, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		wrong(author, "author", `The member is missing. The report writes a name and a number: "Ada Byron (12)".`)
	} else if !r.knows(uid) {
		wrong(author, "unknown-member", "The members file has no member of this number. Download the reports again, one directly after the other.")
	}
	p.Author = uid
	p.CreatedAt = r.moment(PostsFile, rec, s.cols, fCreated, s.order)
	tags := strings.NewReplacer("[", "", "]", "", `"`, "").Replace(s.cols.get(rec, fTags))
	p.Kind = kindOf(p.Title, tags, category)
	p.Note = p.Title
	if text := prose(s.cols.get(rec, fText)); text != "" && text != p.Title {
		p.Note = clip(p.Title+"\n"+text, noteLimit)
	}
	p.key = r.postKey(rec, s, p)
	if first, twice := seen[p.key]; twice {
		r.file.Skipped = append(r.file.Skipped, Skip{PostsFile, rec.row, fmt.Sprintf("it says the same as row %d", first)})
		return p, false
	}
	seen[p.key] = rec.row
	r.postKind[fold(p.Title)] = p.Kind
	return p, len(r.errs.rows) == before
}

// postKey is the post's own number or, in releases whose report has none, a
// digest of what does not change about it.
func (r *reader) postKey(rec record, s *section, p Post) string {
	if id := s.cols.get(rec, fPostID); isNumber(id) {
		return keyPrefix + "post:" + id
	}
	when := ""
	if p.CreatedAt != nil {
		when = p.CreatedAt.text()
	}
	return keyPrefix + "post:" + digest(strconv.FormatBool(p.Request), strconv.FormatInt(p.Author, 10), fold(p.Title), when)
}

// knows tells whether the members file has this number. When that file could not
// be read at all, everybody counts as known: one thing wrong is said once.
func (r *reader) knows(uid int64) bool {
	if _, ok := r.byUID[uid]; ok || r.noUsers {
		return true
	}
	// A member whose own row is refused is refused there.
	return slices.ContainsFunc(r.errs.rows, func(e RowError) bool { return e.File == UsersFile })
}

// digest is a short name for a list of texts.
func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s;", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}
