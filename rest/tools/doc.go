// Package tools tests the API of package api in three ways that ask the same:
// a Postman collection run by newman, a script of curl and jq, and a function of
// Go over net/http.
//
// The cases are one table, cases.json: what is sent, and which status, fields
// and content must come back. [Check] asks them from Go. check.sh reads the table
// by jq and asks by curl. collection.json is the table as a Postman collection,
// made by [Collection]; in Postman, import it and set baseUrl.
//
//	go run ./rest/cmd/sites -db /tmp/new.db       a server with nothing in it
//	rest/tools/check.sh http://127.0.0.1:8080
//	newman run rest/tools/collection.json --env-var baseUrl=http://127.0.0.1:8080
package tools
