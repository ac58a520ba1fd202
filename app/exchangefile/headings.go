package exchangefile

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// field is what a column is about.
type field string

const (
	fUID      field = "member number"
	fName     field = "name"
	fEmail    field = "e-mail"
	fPhone    field = "phone"
	fAltPhone field = "alternative phone"
	fCreated  field = "created"
	fSeen     field = "last login"
	fLanguage field = "language"
	fBalance  field = "balance"
	fAddress  field = "address"
	fArea     field = "area"
	fPostID   field = "post number"
	fTitle    field = "title"
	fText     field = "description"
	fCategory field = "category"
	fType     field = "type"
	fAuthor   field = "author"
	fTags     field = "tags"
	fDate     field = "date"
	fFrom     field = "from"
	fFromID   field = "from number"
	fTo       field = "to"
	fToID     field = "to number"
	fPost     field = "post"
	fReason   field = "reason"
	fQuantity field = "quantity"
)

// The headings of the reports in the languages that TimeOverflow speaks (English,
// Spanish, Catalan, Galician, Basque, Portuguese, French), folded. Where it lacks
// a translation, the English name of the database column stands there.
var (
	memberHeadings = headings(map[field]string{
		fUID:      "n|no|nº|number|member number|user code|codigo de usuario|codi d'usuari",
		fName:     "name|nombre|nom|nome|izena|username",
		fEmail:    "email|e-mail|correo|correo electronico|correu|correu electronic|eposta|e-posta|adresse email",
		fPhone:    "phone|telefono|telefon|telefone|telefonoa|telephone",
		fAltPhone: "alternative phone|alt phone|telefono alternativo|telefon alternatiu|telefone alternativo|ordezko telefonoa|telephone (secondaire)",
		fCreated:  "created|created at|creado|creat|criado|sortua|cree·e le|creee le|cree le",
		fSeen:     "last login|last sign in at|fecha ultimo login|data darrera connexio|ultimo inicio de sesion|data do ultimo login|azken saioa|derniere connexion",
		fLanguage: "locale|language|idioma|llengua|lingua|hizkuntza|langue",
		fBalance:  "balance|saldo|balanc|balanco|balantzea|solde",
		fAddress:  "address|direccion|direccio|endereco|enderezo|helbidea|adresse",
		fArea:     "area|neighborhood|neighbourhood|barrio|barri|bairro|auzoa|quartier",
	})
	postHeadings = headings(map[field]string{
		fPostID:   "id",
		fTitle:    "title|titulo|titol|izenburua|titre",
		fText:     "description|descripcion|descripcio|descricao|descricion|deskribapena",
		fCategory: "category|categoria|kategoria|categorie",
		fType:     "type|tipo|tipus|mota",
		fAuthor:   "user|usuario|usuari|persoa usuaria|erabiltzailea|utilisateur·rice|utilisateur|member",
		fUID:      "n",
		fCreated:  "created|created at|creado|creat|criado|sortua|creee le|cree·e le|cree le",
		fTags:     "tags|tag list|etiquetas|etiquetes|etiketak",
	})
	transferHeadings = headings(map[field]string{
		fDate:     "date|fecha|data",
		fFrom:     "from|origen|orixe|origem|de|jatorria|depuis",
		fFromID:   "from id",
		fTo:       "to|destino|desti|para|helmuga, erabilera|helmuga|vers",
		fToID:     "to id",
		fPost:     "post|anuncio|anunci|publicar|iragarkia|annonce",
		fPostID:   "post id",
		fReason:   "reason|comments|razon|rao|razao|raison|comentarios|comentaris|iruzkinak|commentaires",
		fQuantity: "quantity|cantidad|quantitat|cantidade|quantidade|kantitatea|quantite",
	})
	offerWords   = set("offer|offers|oferta|ofertas|ofertes|eskaintza|eskaintzak|offre|offres")
	inquiryWords = set("inquiry|inquiries|request|requests|demanda|demandas|demandes|peticion|peticiones|peticio|eskaera|eskaerak|demande|solicitude")
)

// Sentences by which the transfers report stands in for people it does not name.
var (
	goneWords = set("the user no longer exists|el usuario ya no existe|l'usuari ja no existeix|a persoa usuaria xa non existe|" +
		"erabiltzaile hau jada ez dago.|o usuario nao existe mais|cet·te utilisateur·rice n'existe plus|deleted_user|deleted user|-")
	inactiveWords = set("the user isn't active|el usuario no esta activo|l'usuari no esta actiu|a persoa usuaria non esta activa|" +
		"erabiltzailea ez dago erabilgarri|o usuario nao esta ativo|l'utilisateur·rice n'est pas actif·ive|inactive_user")
)

func headings(words map[field]string) map[string]field {
	out := map[string]field{}
	for f, all := range words {
		for w := range strings.SplitSeq(all, "|") {
			out[w] = f
		}
	}
	return out
}

func set(words string) map[string]bool {
	out := map[string]bool{}
	for w := range strings.SplitSeq(words, "|") {
		out[w] = true
	}
	return out
}

// fold brings a word to the form in which words are compared: lower case, no
// accents, straight apostrophes, single spaces.
func fold(s string) string {
	s = strings.ReplaceAll(strings.ToLower(s), "’", "'")
	s = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFD.String(s))
	return strings.Join(strings.Fields(s), " ")
}

// columns is where the fields of a file stand.
type columns struct {
	at   map[field]int
	name []string // the headings as written; empty without a line of headings
}

// recognise finds the columns of a line of headings. It also names what it does
// not know, and a heading that stands there twice.
func recognise(head record, words map[string]field) (cols columns, unknown, twice []string) {
	cols = columns{at: map[field]int{}, name: head.cells}
	for i, c := range head.cells {
		f, ok := words[fold(c)]
		if !ok {
			if c != "" {
				unknown = append(unknown, c)
			}
			continue
		}
		if _, have := cols.at[f]; have {
			twice = append(twice, c)
			continue
		}
		cols.at[f] = i
	}
	return cols, unknown, twice
}

// inOrder is the columns of a file whose headings are missing or in a language
// not known here; the reports have the same order in all of them. "" skips one.
func inOrder(fields ...field) columns {
	cols := columns{at: map[field]int{}}
	for i, f := range fields {
		if f != "" {
			cols.at[f] = i
		}
	}
	return cols
}

// has tells whether all of these fields have a column.
func (c columns) has(fields ...field) bool {
	for _, f := range fields {
		if _, ok := c.at[f]; !ok {
			return false
		}
	}
	return true
}

// get is the cell of a field, "" when the file lacks it.
func (c columns) get(r record, f field) string {
	if i, ok := c.at[f]; ok {
		return r.cell(i)
	}
	return ""
}

// label names a field's column for an error: "C (Email)".
func (c columns) label(f field) string {
	i, ok := c.at[f]
	if !ok {
		return ""
	}
	if i < len(c.name) && c.name[i] != "" {
		return letter(i) + " (" + c.name[i] + ")"
	}
	return letter(i)
}
