package client

import (
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

func TestTextsOfOnePieceStayAsTheyWere(t *testing.T) {
	var s textStore
	var texts, want []string
	for i := range 3 * maxPiece / 50 {
		text := fmt.Sprint(i, strings.Repeat("ü", i%97))
		raw, _ := jsontext.AppendQuote(nil, text)
		texts, want = append(texts, s.add(raw), s.add(jsontext.Value(fmt.Sprint(i)))), append(want, text, fmt.Sprint(i))
	}
	for raw, text := range map[string]string{
		`""`: "", `"\u0041\n\"\\"`: "A\n\"\\", "\"J\xffn\"": "J\uFFFDn", `"\ud800"`: "\uFFFD", `1e3`: "1e3",
		`"` + strings.Repeat("x", maxShared+1) + `"`: strings.Repeat("x", maxShared+1),
	} {
		texts, want = append(texts, s.add(jsontext.Value(raw))), append(want, text)
	}
	for i := range texts {
		if texts[i] != want[i] {
			t.Errorf("text %d is %.50q, want %.50q", i, texts[i], want[i])
		}
	}
}

// The cache counts what results hold, also of candidates that were dropped.
func TestTheFootprintIsWhatResultsHold(t *testing.T) {
	entry := func(id string) string {
		return fmt.Sprintf(`{"profileId":%q,"name":"N","skills":[%s"x"]}`, id, strings.Repeat(`"some skill of a person, with a level",`, 150))
	}
	for name, list := range map[string]string{
		"kept":    strings.Repeat(entry("p")+",", 300),
		"dropped": strings.Repeat(entry("p")+","+strings.Replace(entry("q"), `"name":"N"`, `"name":"N","NAME":"M"`, 1)+",", 150),
		"alone":   strings.Repeat(`{"profileId":"p"},`, 300),
	} {
		body := envelope(`"status":"completed","candidates":[` + list + `{"profileId":"last"}]`)
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		got, err := decodeBody(t.Context(), strings.NewReader(body), http.StatusOK, testRun)
		if err != nil {
			t.Fatal(err)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		held, counted := int64(after.HeapAlloc)-int64(before.HeapAlloc), got.Footprint()
		if counted < held*3/4 || counted > held*3/2 {
			t.Errorf("%s: counted %d KiB of %d", name, counted>>10, held>>10)
		}
		runtime.KeepAlive(got)
		runtime.KeepAlive(body)
	}
}
