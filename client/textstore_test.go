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

// The cache counts what results hold, also of texts that were dropped.
func TestTheFootprintIsWhatResultsHold(t *testing.T) {
	const copies = 8 // so that what else the process frees meanwhile matters less
	skills := `"skills":[` + strings.Repeat(`"some skill of a person, with a level",`, 150) + `"x"]`
	kept, dropped := `{"profileId":"p","name":"N",`+skills+`},`, `{"profileId":"p","name":"N",`+skills+`,"NAME":"M"},`
	unused := fmt.Sprintf(`{"profileId":"%s","name":"N","matchScore":"%s9"},`, strings.Repeat("p", maxShared), strings.Repeat("0", maxShared/2))
	for name, list := range map[string]string{
		"kept":    strings.Repeat(kept, 300),
		"dropped": strings.Repeat(kept+dropped, 150),
		"unused":  strings.Repeat(unused, 300),
		"alone":   strings.Repeat(`{"profileId":"p"},`, 300),
	} {
		body := envelope(`"status":"completed","candidates":[` + list + `{"profileId":"last"}]`)
		before := heap()
		var all []*Results
		counted := int64(0)
		for range copies {
			got, err := decodeBody(t.Context(), strings.NewReader(body), http.StatusOK, testRun)
			if err != nil {
				t.Fatal(err)
			}
			all, counted = append(all, got), counted+got.Footprint()
		}
		if held := heap() - before; counted < held*3/4 || counted > held*3/2 {
			t.Errorf("%s: counted %d KiB of %d", name, counted>>10, held>>10)
		}
		runtime.KeepAlive(all)
		runtime.KeepAlive(body)
	}
}

// heap returns how many bytes are in use. The memory of a sync.Pool is freed by
// the second collection.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
