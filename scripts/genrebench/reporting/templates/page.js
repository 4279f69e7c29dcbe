for (const table of document.querySelectorAll("table.sortable")) {
  for (const head of table.tHead.rows[0].cells) {
    const button = document.createElement("button");
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") !== "descending";
      const key = row => row.cells[head.cellIndex].dataset.value ?? row.cells[head.cellIndex].textContent.trim();
      const compare = (a, b) => {
        const [x, y] = [key(a), key(b)];
        if (x === "" || y === "") return (x === "") - (y === "");
        const order = isNaN(x) || isNaN(y) ? x.localeCompare(y) : x - y;
        return down ? -order : order;
      };
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      table.tBodies[0].append(...[...table.tBodies[0].rows].sort(compare));
    });
  }
}

// A folded section is opened where a link leads to it, and all are opened for printing.
function openTarget() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const folded = target && (target.closest("details") ?? target.querySelector("details"));
  if (!folded || folded.open) return;
  folded.open = true;
  target.scrollIntoView();
}
const openAll = (open) => document.querySelectorAll("details").forEach((one) => { one.open = open; });
addEventListener("hashchange", openTarget);
for (const link of document.querySelectorAll('a[href^="#"]')) {
  link.addEventListener("click", () => setTimeout(openTarget)); // also where the address has it already
}
addEventListener("beforeprint", () => openAll(true));
const button = document.getElementById("open-all");
button.hidden = false;
button.addEventListener("click", () => {
  const open = button.getAttribute("aria-pressed") !== "true";
  openAll(open);
  button.setAttribute("aria-pressed", open);
  button.textContent = open ? "Close all" : "Open all";
});
openTarget();
