package tools

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Collection is the cases as a Postman collection, format 2.1. Each request has
// one test, which is named like its case.
//
// Source: https://schema.postman.com/collection/json/v2.1.0/draft-07/docs/index.html
func Collection(cases []Case) ([]byte, error) {
	type object = map[string]any
	items, variables := []object{}, []object{{"key": "baseUrl", "value": "http://127.0.0.1:8080"}}
	for _, c := range cases {
		headers := []object{}
		for _, name := range slices.Sorted(maps.Keys(c.Header)) {
			headers = append(headers, object{"key": name, "value": c.Header[name]})
		}
		request := object{"method": c.Method, "url": "{{baseUrl}}" + c.Path, "header": headers, "description": c.Says}
		if c.Body != "" {
			request["body"] = object{"mode": "raw", "raw": c.Body}
		}
		items = append(items, object{
			"name": c.ID, "request": request,
			"event": []object{{"listen": "test", "script": object{"type": "text/javascript", "exec": c.script()}}},
		})
		for _, name := range slices.Sorted(maps.Keys(c.Save)) {
			variables = append(variables, object{"key": name, "value": ""})
		}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	err := e.Encode(object{
		"info": object{
			"name":        "Configuration of the analytics platform",
			"description": "Asks a server that has nothing yet, in this order. Made from cases.json.",
			"schema":      "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
		},
		// A request is what it says it is: no type or format of its own.
		"protocolProfileBehavior": object{"disabledSystemHeaders": object{"content-type": true, "accept": true}},
		"event": []object{{"listen": "prerequest", "script": object{"type": "text/javascript", "exec": []string{
			`if (!pm.request.headers.has("Accept")) pm.request.headers.add({key: "Accept", value: "*/*"});`,
		}}}},
		"item": items, "variable": variables,
	})
	return b.Bytes(), err
}

// script checks one response in Postman's JavaScript.
func (c Case) script() []string {
	lines := []string{
		`const fill = s => pm.variables.replaceIn(s);`,
		`let content = null;`,
		`try { content = pm.response.json(); } catch (e) {}`,
		`const at = p => p.split("/").slice(1).reduce((v, k) => v === null || typeof v !== "object" || v[k] === undefined ? null : v[k], content);`,
		`pm.test(` + quote(c.ID) + `, () => {`,
		fmt.Sprintf(`  pm.expect(pm.response.code, "status").to.equal(%d);`, c.Want.Status),
	}
	for _, name := range slices.Sorted(maps.Keys(c.Want.Header)) {
		lines = append(lines, fmt.Sprintf(`  pm.expect(pm.response.headers.get(%[1]s) || "", %[1]s).to.match(new RegExp(fill(%[2]s)));`, quote(name), quote(c.Want.Header[name])))
	}
	if c.Want.Contains != "" {
		lines = append(lines, `  pm.expect(pm.response.text()).to.include(`+quote(c.Want.Contains)+`);`)
	}
	if c.Want.Empty {
		lines = append(lines, `  pm.expect(pm.response.text() || "", "content").to.equal("");`)
	}
	for _, pointer := range slices.Sorted(maps.Keys(c.Want.JSON)) {
		want := quote(c.Want.JSON[pointer])
		if strings.HasPrefix(want, `"`) {
			want = "fill(" + want + ")"
		}
		lines = append(lines, fmt.Sprintf(`  pm.expect(at(%[1]s), %[1]s).to.equal(%[2]s);`, quote(pointer), want))
	}
	lines = append(lines, `});`)
	for _, name := range slices.Sorted(maps.Keys(c.Save)) {
		where, what, _ := strings.Cut(c.Save[name], ":")
		read := `at(` + quote(what) + `)`
		if where == "header" {
			read = `pm.response.headers.get(` + quote(what) + `)`
		}
		lines = append(lines, fmt.Sprintf(`pm.collectionVariables.set(%s, %s || "");`, quote(name), read))
	}
	return lines
}

// quote is a literal of JSON, which is one of JavaScript.
func quote(value any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.Encode(value) // what came from JSON
	return strings.TrimSpace(b.String())
}
