package sanitize

import (
	"slices"
	"strings"
	"sync"
	"unicode"
)

// introduction is what the words in front of a number say of it.
type introduction int

const (
	noWord     introduction = iota
	phoneWord               // a telephone number: "tel.", "mobile no."
	numberWord              // some other number: "no.", "ISBN"
)

// maxFillers is how many words may stand between "mobile" and the number, as in
// "mobile number is".
const maxFillers = 3

// introduced returns what the words in front of d say of it.
func (d digits) introduced() introduction {
	const near = 48 // runes
	end := d.groups[0].start
	text := strings.ToLower(d.f.text(max(0, end-near), end))
	kind := noWord
	for range maxFillers + 1 {
		colon := strings.HasSuffix(strings.TrimRight(text, " +("), ":")
		text = strings.TrimRight(text, " \t.:：-–—=+()/\"'#*\ufe0f\u200f\u200e")
		if slices.ContainsFunc(gluedPhoneWords, func(word string) bool { return strings.HasSuffix(text, word) }) {
			return phoneWord
		}
		stem := strings.TrimRightFunc(text, func(r rune) bool { return unicode.IsLetter(r) || isMark(r) || r == zwnj })
		switch word := text[len(stem):]; {
		case phoneWords()[word], colon && labels()[word]:
			return phoneWord
		case numberWords()[word]:
			kind = numberWord
		case !fillerWords()[word]:
			return kind
		}
		text = stem
	}
	return kind
}

// onceSetOf makes a set when it is first asked for, which most runs of the
// program never do.
func onceSetOf(words string) func() map[string]bool {
	return sync.OnceValue(func() map[string]bool { return setOf(words) })
}

// phoneWords introduce a telephone number in the languages that put spaces
// between words, in small letters.
var phoneWords = onceSetOf(`
	tel telephone phone phones telefon telefón telefono teléfono telefone telefoon telefonu telefonnummer telefonszám téléphone tél tfn tlf tlfn tlp telp telepon
	mobile mobil mobiltelefon mobilnummer mobiltel mob mobilní mobilný mobitel cell cellphone cellular celular cel móvil movil handy handynummer natel
	komórka komorka komórkowy telefónne telefonní telefonnr telnr tlfnr handynr mobilnr phonenumber telno phoneno mobileno cellulare contact contacto contatto kontakt
	matkapuhelin puhelin puh kännykkä kontakttelefon rufnummer festnetz portable cep telefonum numeri hotline helpline landline
	whatsapp viber fax sms call dzwoń volajte anrufen chiama llámame appelez ligue đt sđt hp ponsel điện thoại thoại
	тел телефон телефона моб мобильный мобілка мобільний мобилен сот сотовый факс ватсап вотсап вацап вайбер звоните телефонувати дзвоніть
	τηλ τηλέφωνο κιν κινητό φαξ հեռ հեռախոս ტელ ტელეფონი მობ მობილური
	هاتف الهاتف جوال الجوال موبايل تلفون تليفون واتساب محمول فاكس للتواصل تلفن موبایل همراه واتساپ تماس فون
	טלפון טל נייד סלולרי פקס וואטסאפ
	फोन फ़ोन मोबाइल दूरभाष व्हाट्सएप ফোন মোবাইল ফোন ਫੋਨ ਮੋਬਾਈਲ ફોન મોબાઇલ தொலைபேசி கைபேசி போன் ఫోన్ మొబైల్ ಫೋನ್ ಮೊಬೈಲ್ ഫോൺ മൊബൈൽ
`)

// labels introduce one only with a colon: "M: 0905123456".
var labels = onceSetOf("t m p f c wa gsm ph text signal telegram т м")

// gluedPhoneWords are signs, and words of languages that have no spaces.
var gluedPhoneWords = strings.Fields(`
	☎ ☏ ✆ 📞 📱 📲 ℡
	电话 電話 手机 手機 手机号 手机号码 電話番号 电话号码 联系方式 联系电话 微信同号 携帯 携帯電話 連絡先 传真 傳真
	전화 전화번호 휴대폰 휴대전화 핸드폰 모바일 연락처 โทร โทรศัพท์ มือถือ เบอร์ ទូរស័ព្ទ ໂທ ဖုန်း
`)

// fillerWords may stand between a word and its number.
var fillerWords = onceSetOf(`
	number num me us at on my the is direct office work home private line no nr č čís cislo číslo č numero número nummer numer n is ist est es je tel text
	номер رقم نمبر شماره נא मोबाइल नंबर नं নম্বর
`)

// numberWords introduce numbers that are no telephone's; behind a word for a
// telephone they only fill ("mobile no.").
var numberWords = onceSetOf(`
	no nr č čís číslo cislo num number nummer numero número id ids isbn issn ismn ean gtin upc doi orcid ticket tickets order invoice ref reference case patent patents
	employee customer client account acct vat tax ein ičo ico dič dic nip regon siren siret pesel ssn iban bic licence license certificate cert serial sku part model
	version build rfc bug issue pr article zip plz psč postcode grant project code coordinates lat lon номер инн огрн
`)

// units follow an amount.
var units = onceSetOf(`
	users user customers clients rows records events requests req rps downloads installs people employees members subscribers visitors views impressions lines loc
	transactions orders items products devices messages documents files queries calls sessions accounts households students patients companies vehicles parameters tokens
	images hours years months days km km² m m² miles kg t mb gb tb kb hz mw kwh bytes eur usd gbp chf czk pln huf inr jpy cny krw brl rub sek nok dkk aud cad sgd aed
	€ $ £ ¥ ₹ ₽ ₩ ₴ kč zł ft kr lei лв руб грн euros dollars pounds million millions billion thousand mio mil mln
	nutzer kunden benutzer utilisateurs usuarios utenti užívateľov uživatelů používateľov uživateľov пользователей клиентов użytkowników
`)
