// Reads the page again, three times a second, and puts in place what has changed. Where nothing
// has, the focus and what is open stay as they are.
const now = document.getElementById("now"), lost = document.getElementById("lost");
document.getElementById("live").hidden = false;
let etag = "";
for (;;) {
  await new Promise(resume => setTimeout(resume, lost.hidden ? 300 : 2000));
  if (document.hidden) continue;
  try {
    const headers = etag ? {"If-None-Match": etag} : {};
    const response = await fetch(location.href, {headers, cache: "no-store", signal: AbortSignal.timeout(8000)});
    if (response.status === 401) location.reload(); // logged out: the form comes
    if (response.status !== 200 && response.status !== 304) throw new Error("status " + response.status);
    if (response.status === 200) {
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      for (const part of page.querySelectorAll("[data-live]")) {
        const shown = document.getElementById(part.id);
        if (shown && shown.innerHTML !== part.innerHTML) shown.replaceChildren(...part.childNodes);
      }
      etag = response.headers.get("ETag");
    }
    now.textContent = new Date(response.headers.get("Date")).toISOString().slice(0, 19).replace("T", " ") + " UTC";
    lost.hidden = true;
  } catch (error) {
    const why = error.message.startsWith("status") ? error.message : "no connection";
    if (lost.hidden) lost.textContent = `The gateway does not answer (${why}). These numbers are of ${now.textContent}.`;
    lost.hidden = false;
  }
}
