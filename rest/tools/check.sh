#!/usr/bin/env bash
# Asks the cases of cases.json of a server that has nothing yet, by curl, and
# judges the answers by jq. Prints TAP: a line a case, reasons behind #.
# usage: check.sh BASE_URL [CASES.json]
set -euo pipefail

base=${1:?usage: check.sh BASE_URL [CASES.json]}
table=${2:-$(dirname "$0")/cases.json}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if ! curl -s -o "$work/body" "$base/"; then
	echo "check.sh: no server answers at $base/" >&2
	exit 2
fi

# One call between two requests, since jq takes long to start. Prints what is
# saved, a line with # for each failure of the answer to $case, in $head and
# $answer, and the $next request as a configuration of curl.
between='
	# What is saved stands in {{double braces}}.
	def fill($saved): gsub("\\{\\{(?<name>\\w+)\\}\\}"; $saved[.name] // "");
	def field($name): [$head | split("\r\n")[1:][] | capture("^(?<key>[^:]+): *(?<value>.*)$") | select(.key | ascii_downcase == ($name | ascii_downcase)) | .value][0] // "";
	(if $case.method == "HEAD" then "" else $answer end) as $body # there, curl has the head
	| ($body | try fromjson catch null) as $content
	| def at($pointer): reduce ($pointer | split("/")[1:][]) as $k ($content;
		if type == "object" then .[$k] elif type == "array" then .[$k | tonumber] else null end);
	def failures:
		(.want.status as $want | ($head | split("\r\n")[0] // "" | split(" ")[1] // "0" | tonumber) as $got | select($got != $want) | "status is \($got), want \($want)"),
		(.want.header // {} | to_entries[] | (.value | fill($saved)) as $want | select(field(.key) | test($want) | not) | "\(.key) is \(field(.key)), want \($want)"),
		(.want.contains // "" | . as $text | select($body | contains($text) | not) | "the content has no \($text)"),
		(select(.want.empty and $body != "") | "there is content, want none"),
		(.want.json // {} | to_entries[] | (if (.value | type) == "string" then (.value | fill($saved)) else .value end) as $want | select(at(.key) != $want) | "\(.key) is \(at(.key) | @json), want \($want | @json)");
	($saved + ($case.save // {} | map_values(capture("^(?<where>[^:]+):(?<what>.*)$") | if .where == "header" then field(.what) else (at(.what) // "" | tostring) end))) as $kept
	| ($kept | tojson),
	($case // empty | failures | "# " + .),
	($next // empty | (
		(if .method == "HEAD" then "head" else "request = \(.method | @json)" end),
		"url = \($base + (.path | fill($kept)) | @json)",
		((.header // {}) | to_entries[] | "header = \("\(.key): \(.value | fill($kept))" | @json)"),
		(if .body then "data-raw = \(.body | @json)" else empty end)))'

jq -c '.[]' "$table" >"$work/cases" # so that it ends here if there are none to read
mapfile -t cases <"$work/cases"
echo "1..${#cases[@]}"
saved='{}' case=null failed=0
: >"$work/head" >"$work/body"
for ((i = 0; i <= ${#cases[@]}; i++)); do
	jq -nr --arg base "$base" --argjson saved "$saved" --argjson case "$case" --argjson next "${cases[i]:-null}" \
		--rawfile head "$work/head" --rawfile answer "$work/body" "$between" >"$work/lines"
	saved='' reasons=()
	: >"$work/request"
	while IFS= read -r line; do
		case $line in
		'# '*) reasons+=("$line") ;;
		*) if [ -z "$saved" ]; then saved=$line; else printf '%s\n' "$line" >>"$work/request"; fi ;;
		esac
	done <"$work/lines"
	if ((i > 0)); then
		id=${case#*'"id":"'}
		if ((${#reasons[@]} == 0)); then
			echo "ok $i - ${id%%'"'*}"
		else
			failed=1
			echo "not ok $i - ${id%%'"'*}"
			printf '%s\n' "${reasons[@]}"
		fi
	fi
	if ((i < ${#cases[@]})); then
		case=${cases[i]}
		: >"$work/head" >"$work/body"
		curl -s -D "$work/head" -o "$work/body" -K "$work/request" || true # judged as an empty answer
	fi
done
exit $failed
