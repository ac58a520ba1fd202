package exchangefile

import (
	"strings"
	"unicode"
)

// Anything is the kind of help of what no word tells more about.
const Anything = "other.other"

// helpWords leads from beginnings of words, folded, to kinds of help; a word that
// ends in a blank is meant whole. English, Spanish, Catalan and Galician share so
// many that one list does. The first line that fits wins, so narrow things stand
// before the wide ones they contain: a dog's walk before a walk.
var helpWords = []struct{ kind, words string }{
	{"company.phone", "phone call|telephone call|telephone chat|friendly call|ring me|chat on the phone|llamada|trucada|chamada telefonica"},
	{"company.chat", "cuppa|befriend|company and|company for|company on"},
	{"learn.computer", "computer|laptop|tablet|smartphone|mobile phone|phone help|phones|whatsapp|internet|email|e-mail|online|video call|ordenador|informatic|ordinador|movil|mobil "},
	{"garden.dog", "dog|cat |cats|kitten|pet |pets|perro|gos |gossos|mascota|animal"},
	{"out.lift", "lift|drive|driving|driver|car |taxi|transport|hospital run|airport|station run|coche|cotxe|conduc|llevar en|portar en|traslad|desplacament"},
	{"out.shop", "shopping|shop |groceries|supermarket|pharmacy|prescription|la compra|fer la compra|farmacia|mercado|mercat|recados|encarrecs|encargos"},
	{"make.bike", "bike|bicycle|puncture|bici"},
	{"make.sew", "sew|mending|knit|crochet|alteration|curtains |darn|hemming|coser|costura|cosir|ganchillo|calceta|remendar"},
	{"home.paper", "form |forms|letter |letters|paperwork|benefits|cv |tax |budget|tramit|papeles|papers|gestion|gestio|administrativ|declaracion|formulari"},
	{"home.bulb", "flat pack|flat-pack"},
	{"home.furniture", "furniture|wardrobe|moving house|house move|removal|moving heavy|heavy thing|heavy lifting|something heavy|carrying|man and van|mudanza|mudanca|muebles|mobles|mobili"},
	{"company.games", "cards|chess|scrabble|board game|bridge|domino|bingo|jigsaw|ajedrez|escacs|xadrez|juego|jocs|xogos|cartas"},
	{"learn.language", "language|english|spanish|french|german|italian|polish|urdu|catalan|welsh|portuguese|ingles|angles|espanol|castell|frances|aleman|alemany|italiano|idioma|llengua|lingua|galego"},
	{"learn.music", "music|guitar|piano|sing|ukulele|violin|choir|flute|drum|canto|cantar|guitarra"},
	{"learn.teach", "teach|tutor|lesson|class|homework|maths|coach|yoga|tai chi|workshop|clase|profesor|refuerzo|reforc|deberes|taller|ensen|ensinar|meditac"},
	{"out.along", "come along|come with|coming along|accompan|go with|going with|appointment|acompan|metge|medico"},
	{"company.walk", "walk|stroll|ramble|paseo|pasear|passeig|passejar|caminar|caminata|camin|excursion"},
	{"company.read", "reading|read to|read aloud|leer|lectura|llegir|ler "},
	{"make.craft", "craft|art |arts|drawing|watercolour|pottery|carving|card making|photo|manualidad|manualitat|dibuj|dibuix|ceramica|artesan|fotograf"},
	{"home.clean", "clean|tidy|declutter|ironing|laundry|windows|window clean|limpi|netej|limpeza|planch|colada"},
	{"garden.garden", "garden|window box|lawn|mow|hedge|weed|plant|allotment|pruning|prune|jardin|huerto|hort|xardin|podar|jardi"},
	{"home.bulb", "repair|small job|odd job|handy|diy|shelf|shelves|light bulb|bulb|plumb|electric|paint|decorat|curtain|fix|drill|repara|bricola|manitas|fontaner|lampist|pintar|tareas domesticas|tasques domestiques|tarefas domesticas"},
	{"food.bake", "baking|bake|cake|bread|biscuit|scone|pan casero|pastel|pastis|reposteria|bizcocho"},
	{"food.cook", "cook|meal|soup|recipe|lunch|dinner|curry|food|jam |cocin|cuina|comida|menjar|receta|recepta|tupper|sushi"},
	{"company.chat", "chat|cuppa|company|befriend|visit|coffee|tea and|compania|companyia|charla|xerrar"},
	{"company", "ocio|lleure|social|leisure"},
	{"learn", "learn|education|conversa|advice|asesoramiento|assessorament|asesoramento|aprend"},
	{"home", "house|home|domestic|casa|fogar|llar"},
	{"garden", "nature|outdoors"},
	{"make", "making"},
	{"out", "errand|getting out"},
}

// kindOf guesses the kind of help from texts, the most telling first: a title
// says more than tags, tags more than the category that a whole page shares. A
// narrow kind from a later text wins over a wide one from an earlier.
func kindOf(texts ...string) string {
	wide := ""
	for _, t := range texts {
		switch k := kindIn(t); {
		case strings.Contains(k, "."):
			return k
		case wide == "":
			wide = k
		}
	}
	if wide != "" {
		return wide
	}
	return Anything
}

// kindIn finds the first kind of which a word begins a word of the text, or "".
func kindIn(text string) string {
	padded := " " + strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' {
			return r
		}
		return ' '
	}, fold(text)) + " "
	for _, h := range helpWords {
		for w := range strings.SplitSeq(h.words, "|") {
			if strings.Contains(padded, " "+w) {
				return h.kind
			}
		}
	}
	return ""
}
