package sanitize

import (
	"slices"
	"strings"
	"sync"
	"unicode"
)

// numberContext is the kind of number that the words around it suggest.
type numberContext int

const (
	unknownNumber numberContext = iota
	phoneNumber                 // "tel.", "mobile no."
	otherNumber                 // "no.", "ISBN"
)

// maxFillers is how many words may separate a word for a telephone from its
// number, as in "mobile number is".
const maxFillers = 3

// contextBefore returns the kind of number that the words before d suggest.
func (d digits) contextBefore() numberContext {
	text := d.f.before(d.groups[0].start)
	kind, colon := unknownNumber, false
	for range maxFillers + 1 {
		colon = colon || strings.HasSuffix(strings.TrimRight(text, " +("), ":")
		text = strings.TrimRight(text, " \t.:：-–—=+()/\"'#*_\ufe0f\u200f\u200e")
		glued := text
		for _, filler := range unspacedFillers {
			glued = strings.TrimSuffix(glued, filler)
		}
		if slices.ContainsFunc(unspacedPhoneWords, func(word string) bool { return strings.HasSuffix(glued, word) }) {
			return phoneNumber
		}
		stem := strings.TrimRightFunc(text, func(r rune) bool { return unicode.IsLetter(r) || isMark(r) || r == zwnj })
		switch word := text[len(stem):]; {
		case isPhoneWord(word), colon && shortPhoneLabels()[word]:
			return phoneNumber
		case numberWords()[word]:
			kind = otherNumber
		case !fillerWords()[word]:
			return kind
		}
		text = stem
	}
	return kind
}

// context returns the kind of number that the words around d suggest: those
// before it or, as in "4155552671 (mobile)", one in brackets after it.
func (d digits) context() numberContext {
	if kind := d.contextBefore(); kind != unknownNumber {
		return kind
	}
	const near = 24 // runes
	end := d.groups[len(d.groups)-1].end
	after, bracketed := strings.CutPrefix(strings.ToLower(d.f.text(end, min(end+near, len(d.f.c)))), " (")
	word, _, closed := strings.Cut(after, ")")
	if word = strings.Trim(word, " ."); bracketed && closed && (isPhoneWord(word) || shortPhoneLabels()[word]) {
		return phoneNumber
	}
	return unknownNumber
}

// phoneStems are the first letters of inflected and compound words for a
// telephone, such as "telefónu", "Mobilfunknummer", "puhelinnumero".
var phoneStems = strings.Fields(`
	telefon telefón telefoon téléphon teléfon telepon tilefon mobiln mobiel mobilfunk mobiltel mobilsz mobitel handy puhelin kännyk komórk tālr sími símanúmer
	телефон мобильн мобіль τηλεφών τηλέφων κινητ
`)

// isPhoneWord reports whether word, in lower case, means a telephone.
func isPhoneWord(word string) bool {
	if phoneWords()[word] {
		return true
	}
	return slices.ContainsFunc(phoneStems, func(stem string) bool { return strings.HasPrefix(word, stem) })
}

// onceSetOf returns a set that is built when it is first needed, which in most
// runs of the program is never.
func onceSetOf(words string) func() map[string]bool {
	return sync.OnceValue(func() map[string]bool { return setOf(words) })
}

// phoneWords precede a telephone number, in languages with spaces between
// words. They are in lower case.
var phoneWords = onceSetOf(`
	tel telephone phone phones telefon telefón telefono teléfono telefone telefoon telefonu telefonnummer telefonszám téléphone tél tfn tlf tlfn tlp telp telepon
	mobile mobil mobiltelefon mobilnummer mobiltel mob mobilní mobilný mobitel cell cellphone cellular celular cel móvil movil handy handynummer natel
	komórka komorka komórkowy telefónne telefonní telefonnr telnr tlfnr handynr mobilnr phonenumber telno phoneno mobileno cellulare contact contacto contatto kontakt
	matkapuhelin puhelin puh kännykkä kontakttelefon rufnummer festnetz portable cep telefonum numeri hotline helpline landline
	mobilu whatsapp viber skype imessage fax sms call dial reachable fon kom dzwoń volajte anrufen chiama llámame appelez ligue đt sđt hp ponsel điện thoại thoại
	тел телефон телефона моб мобильный мобілка мобільний мобилен сот сотовый факс ватсап вотсап вацап вайбер звоните телефонувати дзвоніть
	τηλ τηλέφωνο κιν κινητό φαξ հեռ հեռախոս ტელ ტელეფონი მობ მობილური
	هاتف الهاتف جوال الجوال موبايل تلفون تليفون واتساب محمول فاكس للتواصل تلفن موبایل همراه واتساپ تماس فون
	טלפון טל נייד סלולרי פקס וואטסאפ
	फोन फ़ोन मोबाइल दूरभाष व्हाट्सएप ফোন মোবাইল ফোন ਫੋਨ ਮੋਬਾਈਲ ફોન મોબાઇલ தொலைபேசி கைபேசி போன் ఫోన్ మొబైల్ ಫೋನ್ ಮೊಬೈಲ್ ഫോൺ മൊബൈൽ
`)

// shortPhoneLabels precede a telephone number only together with a colon ("M:
// 0905123456").
var shortPhoneLabels = onceSetOf("t m p f c wa gsm ph text signal telegram т м")

// unspacedPhoneWords are symbols, and words of languages without spaces.
var unspacedPhoneWords = strings.Fields(`
	☎ ☏ ✆ 📞 📱 📲 ℡
	电话 電話 手机 手機 手机号 手机号码 電話番号 电话号码 联系方式 联系电话 微信同号 携帯 携帯電話 連絡先 传真 傳真
	전화 전화번호 휴대폰 휴대전화 핸드폰 모바일 연락처 โทร โทรศัพท์ มือถือ เบอร์ ទូរស័ព្ទ ໂທ ဖုန်း
`)

// unspacedFillers may separate an unspaced word from its number.
var unspacedFillers = strings.Fields(`是 为 為 は 는 은 번호 番号 番號 号码 號碼`)

// fillerWords may separate a word from its number.
var fillerWords = onceSetOf(`
	number num me us at on my the is direct office work home private line no nr č čís cislo číslo č numero número nummer numer n is ist est es je tel text
	or numarası numaram numaranız numeris numurs številka broj szám száma on αριθμός επικοινωνίας номер رقم نمبر شماره נא मोबाइल नंबर नं নম্বর
`)

// numberWords precede numbers that are not telephone numbers. After a word for
// a telephone they are only fillers ("mobile no.").
var numberWords = onceSetOf(`
	no nr č čís číslo cislo num number nummer numero número id ids isbn issn ismn ean gtin upc doi orcid ticket tickets order invoice ref reference case patent patents
	employee customer client account acct vat tax ein ičo ico dič dic nip regon siren siret pesel ssn iban bic licence license certificate cert serial sku part model
	version build rfc bug issue pr article zip plz psč postcode grant project code coordinates lat lon номер инн огрн
`)

// units follow an amount.
var units = onceSetOf(`
	units users user customers clients rows records events requests req rps downloads installs people employees members subscribers visitors views impressions lines loc
	transactions orders items products devices messages documents files queries calls sessions accounts households students patients companies vehicles parameters tokens
	images hours years months days km km² m m² miles kg t mb gb tb kb hz mw kwh bytes eur usd gbp chf czk pln huf inr jpy cny krw brl rub sek nok dkk aud cad sgd aed
	€ $ £ ¥ ₹ ₽ ₩ ₴ kč zł ft kr lei лв руб грн euros dollars pounds million millions billion thousand mio mil mln
	nutzer kunden benutzer utilisateurs usuarios utenti užívateľov uživatelů používateľov uživateľov пользователей клиентов użytkowników
`)
