package reports

import (
	"slices"
	"testing"
)

// FuzzReportRender asserts of any text what TestA36_HostileNamesAreInert does of known ones.
func FuzzReportRender(f *testing.F) {
	for _, text := range hostile {
		f.Add(text)
	}
	var plain []string
	render := func(t *testing.T, text string) []string {
		d := poisoned(t, "a "+text) // an empty text would leave its element out
		d.Runs = d.Runs[:12]        // the first block
		return structure(t, d)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if plain == nil {
			plain = render(t, "harmless")
		}
		if got := render(t, text); !slices.Equal(got, plain) {
			t.Errorf("%q changes the page: %s", text, firstDifference(got, plain))
		}
	})
}
