package main

import (
	"encoding/json"
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/internal/ledger"
)

// reference is the book of the reference run, with a claim that was not in it
// and a proof that was not run.
func reference(t *testing.T) (book, string) {
	t.Helper()
	root, err := moduleRoot(".")
	require.NoError(t, err)
	a := &app{root: root}
	b, err := a.book(referenceLedger)
	require.NoError(t, err)
	first := &b.Chapters[0].Claims[0]
	first.Entry = nil
	second := b.Chapters[0].Claims[1].Entry
	second.Proofs[0].Status, second.Proofs[0].Reason = ledger.NotRun, "tool: none <here>"
	var page strings.Builder
	require.NoError(t, reportPage.Execute(&page, b))
	return b, page.String()
}

// The page has every claim of the ledger, every proof with what was found, every
// example of the sources, every plot, and all that did not run with its reason.
func TestReport_complete(t *testing.T) {
	b, page := reference(t)
	has := func(what, text string) {
		t.Helper()
		assert.True(t, strings.Contains(page, html.EscapeString(text)) || strings.Contains(html.UnescapeString(page), text), "%s: %q is not on the page", what, text)
	}
	claims, examples := 0, 0
	for _, chapter := range b.Chapters {
		for _, c := range chapter.Claims {
			claims++
			has(string(c.ID), string(c.ID))
			has(string(c.ID), sentence(c.Statement))
			has(string(c.ID), sentence(c.Truth))
			has(string(c.ID), c.Answer)
			assert.Contains(t, page, `id="`+c.Anchor()+`"`)
			for _, e := range c.Examples {
				examples++
				has(e.Name, e.Source)
				has(e.Name, e.Output)
			}
			if c.Entry == nil {
				continue
			}
			for _, p := range c.Entry.Proofs {
				has(p.Test, p.Test)
				for _, control := range p.Controls {
					has(p.Test, control.What)
					has(p.Test, control.Found)
				}
				for _, figure := range p.Figures {
					has(p.Test, human(figure))
				}
			}
		}
	}
	assert.GreaterOrEqual(t, claims, len(b.Ledger.Claims), "a claim may be newer than the ledger")
	assert.Greater(t, examples, claims)
	assert.Greater(t, len(b.Costs), 5)
	assert.Equal(t, 6, strings.Count(page, "<img src=\"data:image/svg"))
	assert.Subset(t, b.NotRun(), []missing{
		{string(b.Chapters[0].Claims[0].ID), b.Chapters[0].Claims[0].Anchor(), "", "not in the last run"},
		{string(b.Chapters[0].Claims[1].ID), b.Chapters[0].Claims[1].Anchor(), b.Chapters[0].Claims[1].Entry.Proofs[0].Test, "tool: none <here>"},
	})
	assert.Contains(t, page, ": not in the last run</li>")
	assert.Contains(t, page, ": tool: none &lt;here&gt;</li>")
	for _, cell := range slices.Concat(b.Costs...) {
		has("costs", cell)
	}
	for _, q := range b.Open {
		has("open", q.text)
	}
}

// Every link within the page has a place to lead to, each place is there once,
// nothing is loaded from anywhere, and all fits into 2 MB.
func TestReport_selfContained(t *testing.T) {
	_, page := reference(t)
	places := map[string]int{}
	for _, match := range regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		places[match[1]]++
		assert.Equal(t, 1, places[match[1]], "places called %s", match[1])
	}
	for _, match := range regexp.MustCompile(`href="#([^"]*)"`).FindAllStringSubmatch(page, -1) {
		assert.NotZero(t, places[match[1]], "places called %s", match[1])
	}
	assert.Contains(t, page, `<a href="#runes-byte-char">ByteChar</a>`, "the lesson leads to its claims")
	for _, load := range regexp.MustCompile(`(?:src|srcset|action|data)="([^"]*)"|<link[^>]*href="([^"]*)"|url\(([^)]*)\)|@import`).FindAllString(page, -1) {
		assert.Regexp(t, `="data:`, load)
	}
	assert.Less(t, len(page), 2_000_000)
}

// Without a ledger, or with one that is none, a line says what to run.
func TestReport_refused(t *testing.T) {
	dir := numbers(t)
	code, stdout, stderr := notesIn(t, dir, nil, "report")
	assert.Equal(t, exitFailed, code)
	assert.Empty(t, stdout)
	assert.Equal(t, "notes: there is no report/ledger.json yet; run notes verify, which writes it\n", stderr)
	file := filepath.Join(dir, filepath.FromSlash(ledgerFile))
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
	require.NoError(t, os.WriteFile(file, []byte("{"), 0o644))
	_, _, stderr = notesIn(t, dir, nil, "report")
	assert.Contains(t, stderr, "report/ledger.json is no ledger")
	assert.Contains(t, stderr, "make verify writes a new one")
	require.NoError(t, os.WriteFile(file, []byte(`{"claims":[{"id":"numbers/odd"}]}`), 0o644))
	_, _, stderr = notesIn(t, dir, nil, "report")
	assert.Contains(t, stderr, "report/ledger.json holds numbers/odd, which is declared no more; run notes verify")
}

// A verify and then a report leave the page in the report's folder.
func TestReport_written(t *testing.T) {
	dir := numbers(t)
	code, _, stderr := notesIn(t, dir, nil, "verify")
	require.Equal(t, exitOK, code, stderr)
	code, stdout, stderr := notesIn(t, dir, nil, "report")
	require.Equal(t, exitOK, code, stderr)
	assert.Equal(t, "wrote report/notes.html: 2 claims, 0 plots; open it in a browser\n", stdout)
	page, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(reportFile)))
	require.NoError(t, err)
	assert.Contains(t, string(page), "tool: no sieve")
}

// inBrowser opens the page in Chromium, without a network, runs a script there,
// and decodes into result what the script hands to done.
func inBrowser(t *testing.T, page, script string, result any, flags ...string) {
	t.Helper()
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no browser: ", err)
	}
	file := filepath.Join(t.TempDir(), "page.html")
	page = strings.Replace(page, "</body>", `<script type="module">
const done = result => { const out = document.createElement("textarea"); out.id = "result"; out.textContent = JSON.stringify(result); document.body.append(out); };
`+script+`
</script></body>`, 1)
	require.NoError(t, os.WriteFile(file, []byte(page), 0o600))
	args := append([]string{
		"--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync", "--disable-background-networking",
		"--disable-component-update", "--host-resolver-rules=MAP * ~NOTFOUND", "--user-data-dir=" + t.TempDir(),
		"--virtual-time-budget=60000", "--dump-dom",
	}, flags...)
	dom, err := exec.CommandContext(t.Context(), chromium, append(args, "file://"+file)...).Output()
	require.NoError(t, err)
	match := regexp.MustCompile(`(?s)<textarea id="result">(.*?)</textarea>`).FindSubmatch(dom)
	require.NotNil(t, match, "the script handed nothing to done")
	require.NoError(t, json.Unmarshal([]byte(html.UnescapeString(string(match[1]))), result))
}

// The filter shows the claims of one topic or verdict and says how many.
func TestReport_filter(t *testing.T) {
	b, page := reference(t)
	var got map[string][3]string
	inBrowser(t, page, `
const form = document.getElementById("filter"), got = {};
const shown = what => [...document.querySelectorAll(what)].filter(c => c.checkVisibility()).length;
const choose = (topic, verdict) => {
  form.elements.topic.value = topic; form.elements.verdict.value = verdict;
  form.elements.topic.dispatchEvent(new Event("change", {bubbles: true}));
  got[topic + "/" + verdict] = [String(shown(".claim")), form.elements.shown.value, String(shown(".chapter"))];
};
choose("closures", ""); choose("", "wrong"); choose("closures", "wrong"); choose("", "");
done(got);`, &got)
	for _, choice := range []struct{ topic, verdict string }{{"closures", ""}, {"", "wrong"}, {"closures", "wrong"}, {"", ""}} {
		claims, topics := 0, map[string]bool{}
		for _, chapter := range b.Chapters {
			for _, c := range chapter.Claims {
				if topic := c.ID.Topic(); (choice.topic == "" || choice.topic == topic) && (choice.verdict == "" || choice.verdict == string(c.Verdict)) {
					claims++
					topics[topic] = true
				}
			}
		}
		want := [3]string{fmt.Sprint(claims), count(claims, "claim", "claims"), fmt.Sprint(len(topics))}
		assert.Equal(t, want, got[choice.topic+"/"+choice.verdict], "%+v", choice)
	}
}

// axe-core finds no violation of level A or AA, in the light and in the dark,
// on a phone's width, with everything open.
func TestReport_accessible(t *testing.T) {
	folder := os.Getenv("GONOTES_AXE")
	if folder == "" {
		t.Skip("GONOTES_AXE does not name the folder of axe-core; to have it, in an empty folder: npm install axe-core@4.14.1 --ignore-scripts")
	}
	axe, err := os.ReadFile(filepath.Join(folder, "node_modules", "axe-core", "axe.min.js"))
	require.NoError(t, err)
	_, page := reference(t)
	check := string(axe) + `
document.querySelectorAll("details").forEach(d => d.open = true);
const {violations, passes} = await window.axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]});
done({passes: passes.length, violations: violations.flatMap(v => v.nodes.map(n => v.id + ": " + n.html.slice(0, 200)))});`
	for _, test := range []struct {
		name  string
		page  string
		flags []string
	}{
		{"light", page, []string{"--window-size=1200,900"}},
		{"dark, phone", page, []string{"--window-size=500,900", "--blink-settings=preferredColorScheme=0"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got struct {
				Passes     int
				Violations []string
			}
			inBrowser(t, test.page, check, &got, test.flags...)
			assert.Greater(t, got.Passes, 10)
			assert.Empty(t, got.Violations)
		})
	}
}
