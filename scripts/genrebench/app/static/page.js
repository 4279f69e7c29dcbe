// Sends a dropped, chosen or recorded file to the model, and shows the prediction. Nothing is loaded from other hosts.
"use strict";

const byId = (id) => document.getElementById(id);
const models = JSON.parse(byId("models").textContent);
const maxMB = Number(document.body.dataset.maxMb);
const player = byId("player");
let lastFile = null; // which another model can predict too
let pending = null; // the request under way
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

async function ask(file) {
  pending?.abort();
  const request = (pending = new AbortController());
  lastFile = file;
  byId("error").hidden = true;
  if (file.size > maxMB * 1e6) {
    showError(`${file.name} has ${(file.size / 1e6).toFixed(1)} MB; the limit of this page is ${maxMB} MB (\`--max-mb\`)`);
    return;
  }
  byId("status").textContent = `Processing ${file.name} …`;
  byId("result").hidden = false; // so that its width can be measured
  const width = byId("plot").clientWidth;
  byId("result").hidden = true;
  const query = new URLSearchParams({ model: model().folder, name: file.name, width: Math.round(width) });
  try {
    const response = await fetch(`predict?${query}`, {
      method: "POST",
      headers: { "Content-Type": "application/octet-stream" },
      body: file,
      signal: request.signal,
    });
    const answer = await response.json();
    if (response.ok) showAnswer(answer, file);
    else showError(answer.error);
  } catch (error) {
    if (error.name !== "AbortError")
      showError(`There is no prediction for ${file.name}: can the file be read, and is the program of this page still running?`);
  }
}

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

function take(files) {
  if (files.length > 1) showError(`These are ${files.length} files: drop one at a time, or use \`genrebench predict\` for all`);
  else if (files.length) ask(files[0]);
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
  if (lastFile) ask(lastFile);
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
      ask(new File(parts, `recording.${type.includes("mp4") ? "m4a" : type.includes("ogg") ? "ogg" : "webm"}`, { type }));
    });
    recorder.start();
    button.textContent = "Stop and predict";
    button.classList.add("recording");
  });
}

showModel();
