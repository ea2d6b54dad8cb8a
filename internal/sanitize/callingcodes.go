package sanitize

import (
	"strconv"
	"strings"
	"sync"
)

// callingCodes lists the country codes of ITU-T E.164, each with the number of
// digits that follow it ("420:9", or "49:7-12" for a range). The lengths are
// from the national numbering plans in the ITU's operational bulletins. Short
// service numbers are left out because they cannot be called from abroad, and
// so are the smallest islands, because their numbers look like amounts.
const callingCodes = `
	1:10 7:10 20:8-10 27:9 30:10 31:9 32:8-9 33:9 34:9 36:8-9 39:6-11 40:9 41:9 43:7-13 44:9-10 45:8 46:7-10 47:8 48:9 49:7-12
	51:8-9 52:10-11 53:6-8 54:10-11 55:10-11 56:8-9 57:8-10 58:10 60:8-10 61:9 62:8-12 63:8-10 64:8-10 65:8 66:8-9
	81:9-10 82:8-10 84:9-10 86:10-11 90:10 91:10 92:9-10 93:9 94:9 95:7-10 98:10
	211:9 212:9 213:8-9 216:8 218:8-9 220:7 221:9 222:8 223:8 224:8-9 225:8-10 226:8 227:8 228:8 229:8-10 230:7-8 231:7-9 232:8 233:9 234:8-10
	235:8 236:8 237:8-9 238:7 239:7 240:9 241:7-8 242:9 243:7-9 244:9 245:7-9 246:7 248:7 249:9 250:9 251:9 252:7-9 253:8 254:9-10 255:9 256:9 257:8
	258:8-9 260:9 261:9 262:9 263:8-9 264:8-9 265:7-9 266:8 267:7-8 268:8 269:7 291:7 297:7 298:6 299:6
	350:8 351:9 352:6-9 353:8-9 354:7 355:8-9 356:8 357:8 358:7-11 359:8-9 370:8 371:8 372:7-8 373:8 374:8 375:9 376:6-9 377:8-9 378:6-10 380:9
	381:8-9 382:8 383:8-9 385:8-9 386:8 387:8 389:8 420:9 421:9 423:7-9
	501:7 502:8 503:8 504:8 505:8 506:8 507:7-8 508:6 509:8 590:9 591:8 592:7 593:8-9 594:9 595:8-9 596:9 597:6-7 598:8 599:7-8
	670:7-8 672:6 673:7 674:7 675:7-8 676:7 678:7 679:7 680:7 681:6 683:7 685:6-7 686:8 687:6 689:6-8 690:7 691:7 692:7
	800:8 808:8 850:8-10 852:8 853:8 855:8-9 856:8-10 870:9 880:8-10 881:8 882:7-12 883:7-12 886:8-9 888:11
	960:7 961:7-8 962:8-9 963:8-9 964:8-10 965:8 966:8-9 967:7-9 968:8 970:8-9 971:8-9 972:8-9 973:8 974:8 975:7-8 976:8 977:8-10
	992:9 993:8 994:9 995:9 996:9 998:9
`

// nationalLength is the range of digits of a number without its country code.
type nationalLength struct{ min, max int }

// codeLengths returns callingCodes as a map from country code to length.
var codeLengths = sync.OnceValue(func() map[string]nationalLength {
	table := make(map[string]nationalLength)
	for entry := range strings.FieldsSeq(callingCodes) {
		code, digits, _ := strings.Cut(entry, ":")
		least, most, ranged := strings.Cut(digits, "-")
		if !ranged {
			most = least
		}
		var l nationalLength
		l.min, _ = strconv.Atoi(least) // cannot fail: the table is a constant
		l.max, _ = strconv.Atoi(most)
		table[code] = l
	}
	return table
})

// isInternational reports whether digits, which start with a country code, can
// be a telephone number. One zero may follow the code, as in "+44 (0)20".
func isInternational(digits string) bool {
	for n := 1; n <= 3 && n < len(digits); n++ {
		l, known := codeLengths()[digits[:n]]
		if !known {
			continue
		}
		national := digits[n:]
		if digits[:n] != "39" { // numbers in Italy keep their zero
			national = strings.TrimPrefix(national, "0")
			if strings.HasPrefix(national, "0") {
				return false
			}
		}
		if len(national) < l.min || len(national) > l.max {
			return false
		}
		// In North America, area code and exchange start with 2 to 9.
		return digits[:n] != "1" || national[0] >= '2' && national[3] >= '2'
	}
	return false
}
