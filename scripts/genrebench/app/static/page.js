// Sends a dropped, chosen or recorded file to the model, and shows the prediction. Nothing is loaded from other hosts.
"use strict";

const byId = (id) => document.getElementById(id);
const models = JSON.parse(byId("models").textContent);
const maxMB = Number(document.body.dataset.maxMb);
const player = byId("player");
let given = []; // the files, which another model can predict too
const pending = {}; // what is under way: `several` files, and `one` in full; each can be aborted
let time = null; // of the plot: seconds of the file, and where its axis begins and ends

const model = () => models[byId("model") ? Number(byId("model").value) : 0];

function showModel() {
  const { test, interval, majority, protocol, caveats, genres } = model();
  byId("test").textContent = `${test} that were not used in training (${interval}, protocol ${protocol}); `
    + `always predicting the most frequent genre gives ${majority}.`;
  byId("caveats").replaceChildren(...caveats.map((caveat) => element("li", caveat)));
  byId("known-genres").textContent = `It predicts one of ${genres.length} genres for every file, also where none fits: ${genres.join(", ")}.`;
}

function element(name, text = "") {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

function showError(sentence) {
  byId("status").textContent = "";
  byId("result").hidden = true;
  byId("error").textContent = sentence;
  byId("error").hidden = false;
}

// Start anew with these files; what is under way is given up.
function take(files) {
  if (!files.length) return;
  given = files;
  byId("several").hidden = true;
  byId("result").hidden = true;
  pending.several?.abort();
  if (files.length === 1) show(files[0]);
  else showSeveral(files);
}

// The prediction for one file in full.
async function show(file) {
  const signal = start("one");
  byId("status").textContent = `Processing ${file.name} …`;
  byId("result").hidden = false; // so that its width can be measured
  const width = Math.round(byId("plot").clientWidth);
  byId("result").hidden = true;
  const answer = await ask(file, signal, { width });
  if (signal.aborted) return;
  if (answer.error) showError(answer.error);
  else showAnswer(answer, file);
}

// The predictions for several files, one after the other, as a table.
async function showSeveral(files) {
  pending.one?.abort();
  const signal = start("several");
  const answers = [];
  byId("files").tBodies[0].replaceChildren();
  byId("download").hidden = true;
  byId("count").textContent = `${files.length} files`;
  byId("several").hidden = false;
  for (const [index, file] of files.entries()) {
    byId("status").textContent = `Processing ${index + 1} of ${files.length}: ${file.name} …`;
    const answer = await ask(file, signal);
    if (signal.aborted) return;
    answers.push(answer);
    byId("files").tBodies[0].append(fileRow(file, answer));
  }
  byId("status").textContent = "";
  const failed = answers.filter((answer) => answer.error).length;
  byId("count").textContent = `${files.length} files${failed ? `, ${failed} without a prediction` : ""}`;
  URL.revokeObjectURL(byId("download").href);
  byId("download").href = URL.createObjectURL(new Blob([table(files, answers)], { type: "text/csv" }));
  byId("download").hidden = false;
}

function start(what) {
  pending[what]?.abort();
  pending[what] = new AbortController();
  byId("error").hidden = true;
  return pending[what].signal;
}

// The server's answer: a prediction, or {error}.
async function ask(file, signal, parameters = {}) {
  if (file.size > maxMB * 1e6)
    return { error: `${file.name} has ${(file.size / 1e6).toFixed(1)} MB; the limit of this page is ${maxMB} MB (\`--max-mb\`)` };
  const query = new URLSearchParams({ model: model().folder, name: file.name, ...parameters });
  try {
    const headers = { "Content-Type": "application/octet-stream" };
    const response = await fetch(`predict?${query}`, { method: "POST", headers, body: file, signal });
    return await response.json();
  } catch {
    return { error: `There is no prediction for ${file.name}: can it be read (folders cannot), and is the program of this page still running?` };
  }
}

function fileRow(file, answer) {
  const open = element("button", file.name);
  open.type = "button";
  open.className = "link";
  open.addEventListener("click", () => show(file));
  const row = element("tr");
  const head = element("th");
  head.scope = "row";
  head.append(answer.error ? file.name : open);
  const cells = [head];
  if (answer.error) {
    const reason = element("td", answer.error);
    reason.colSpan = 3;
    reason.className = "failed";
    cells.push(reason);
  } else {
    const [first, second] = answer.genres.map(({ name, probability }) => `${name} ${percent(probability)}`);
    const notes = [answer.low_confidence && `low confidence: ${answer.low_confidence}`, ...answer.warnings];
    cells.push(element("td", first), element("td", second), element("td", notes.filter(Boolean).join("; ")));
  }
  row.append(...cells);
  return row;
}

// The predictions with the columns of `genrebench predict --csv`.
function table(files, answers) {
  const { genres, synthetic } = model();
  const rows = [["path", "genre", "low_confidence", "error", "warnings", "seconds", "synthetic", ...genres]];
  const said = synthetic ? "True" : "False";
  for (const [index, answer] of answers.entries()) {
    const { name } = files[index];
    if (answer.error) {
      rows.push([name, "", "", answer.error, "", "", said, ...genres.map(() => "")]);
      continue;
    }
    const of = Object.fromEntries(answer.genres.map((genre) => [genre.name, genre.probability]));
    const facts = [name, answer.genre, answer.low_confidence, "", answer.warnings.join("; "), answer.seconds, said];
    rows.push([...facts, ...genres.map((genre) => of[genre])]);
  }
  return rows.map((row) => row.map(cell).join(",") + "\n").join("");
}

const cell = (value) => (/[",\r\n]/.test(value) ? `"${String(value).replaceAll('"', '""')}"` : String(value));

function showAnswer(answer, file) {
  byId("status").textContent = "";
  byId("headline").textContent = `${answer.file}: ${answer.genre}, ${percent(answer.genres[0].probability)}`;
  byId("low-confidence").textContent = `Low confidence: ${answer.low_confidence}`;
  byId("low-confidence").hidden = !answer.low_confidence;
  byId("warnings").replaceChildren(...answer.warnings.map((warning) => element("li", warning)));
  byId("genres").tBodies[0].replaceChildren(...answer.genres.map(row));
  const image = byId("plot").querySelector("img");
  image.src = answer.plot.url;
  image.alt = `Spectrogram of ${answer.file} over ${answer.seconds.toFixed(1)} seconds, and the probability of each genre over time`;
  time = { seconds: answer.seconds, start: answer.plot.start, end: answer.plot.end };
  if (player.file !== file) {
    URL.revokeObjectURL(player.src);
    player.file = file;
    showPlayer(true);
    player.src = URL.createObjectURL(file);
  }
  byId("result").hidden = false;
  movePlayhead();
}

function showPlayer(plays) {
  player.hidden = !plays;
  byId("seek").hidden = !plays;
  byId("mute").hidden = plays;
}

function row({ name, probability, colour }) {
  const bar = element("span");
  bar.className = "bar";
  bar.style.width = `${80 * probability}%`;
  bar.style.background = colour;
  const cell = element("div");
  cell.append(bar, element("span", percent(probability)));
  const made = element("tr");
  const head = element("th", name);
  head.scope = "row";
  head.title = name;
  made.append(head, element("td"));
  made.lastChild.append(cell);
  return made;
}

const percent = (p) => (p > 0 && p < 0.005 ? "< 1%" : `${Math.round(100 * p)}%`);

function movePlayhead() {
  const line = byId("playhead");
  const fraction = Math.min(player.currentTime / time.seconds, 1);
  line.style.display = player.currentTime > 0 ? "block" : "none";
  line.style.left = `${100 * (time.start + fraction * (time.end - time.start))}%`;
  if (!player.paused) requestAnimationFrame(movePlayhead);
}

byId("file").addEventListener("change", (event) => {
  take([...event.target.files]);
  event.target.value = ""; // so that the same file can be chosen again
});
for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
  // on the whole window, or a file that misses the field would replace the page
  window.addEventListener(name, (event) => {
    event.preventDefault();
    byId("drop").classList.toggle("over", name.startsWith("drage") || name === "dragover");
  });
}
window.addEventListener("drop", (event) => take([...event.dataTransfer.files]));
byId("model")?.addEventListener("change", () => {
  showModel();
  take(given);
});
byId("example").addEventListener("click", async (event) => {
  const { name } = event.currentTarget.dataset;
  try {
    const response = await fetch("example");
    take([new File([await response.blob()], name, { type: "audio/flac" })]);
  } catch {
    showError("The example cannot be had: is the program of this page still running?");
  }
});
player.addEventListener("error", () => showPlayer(false));
for (const name of ["play", "seeked", "timeupdate"]) player.addEventListener(name, movePlayhead);
byId("plot").addEventListener("click", (event) => {
  const place = event.currentTarget.getBoundingClientRect();
  const fraction = ((event.clientX - place.left) / place.width - time.start) / (time.end - time.start);
  if (player.hidden || fraction < 0 || fraction > 1) return;
  player.currentTime = fraction * time.seconds;
  player.play();
});

if (navigator.mediaDevices && window.MediaRecorder) {
  const button = byId("record");
  const label = button.textContent;
  let recorder = null;
  button.hidden = false;
  button.addEventListener("click", async () => {
    if (recorder) return recorder.stop();
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    } catch {
      return showError("The browser gives no access to a microphone");
    }
    const parts = [];
    recorder = new MediaRecorder(stream);
    recorder.addEventListener("dataavailable", (event) => parts.push(event.data));
    recorder.addEventListener("stop", () => {
      const type = recorder.mimeType;
      for (const track of stream.getTracks()) track.stop();
      recorder = null;
      button.textContent = label;
      button.classList.remove("recording");
      take([new File(parts, `recording.${type.includes("mp4") ? "m4a" : type.includes("ogg") ? "ogg" : "webm"}`, { type })]);
    });
    recorder.start();
    button.textContent = "Stop and predict";
    button.classList.add("recording");
  });
}

byId("curl").textContent = `curl --data-binary @song.mp3 "${location.origin}/predict?name=song.mp3"`;
showModel();
