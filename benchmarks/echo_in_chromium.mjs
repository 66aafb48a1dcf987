// A browser hears its own beeps come back:
// node echo_in_chromium.mjs URL WIRE WAV CHROMIUM SECONDS MODULES
// Prints as JSON, in milliseconds: the round trips, and how long a voice was heard on after each beep
// over it. Microphone and loudspeaker are measured in one audio context, so no two clocks are compared.
// MODULES is the folder that holds playwright-core.
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [url, wire, wav, executablePath, seconds, modules] = process.argv.slice(2);
const { chromium } = createRequire(join(modules, "package.json"))("playwright-core");
const profile = mkdtempSync(join(tmpdir(), "chromium-"));
const browser = await chromium.launchPersistentContext(profile, {
  executablePath,
  headless: true,
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required",
    "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
    `--use-file-for-fake-audio-capture=${wav}`,
    "--allow-loopback-in-peer-connection", "--disable-features=WebRtcHideLocalIpsWithMdns",
  ],
});
try {
  const page = await browser.newPage();
  await page.goto(`${url}/ping`); // any page of the server's own origin
  console.log(JSON.stringify(await page.evaluate(measure, { wire, seconds: Number(seconds) })));
} finally {
  await browser.close();
  rmSync(profile, { recursive: true, force: true });
}

/** Runs inside the page. */
async function measure({ wire, seconds }) {
  const plain = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  const microphone = await navigator.mediaDevices.getUserMedia({ audio: plain });
  const peer = new RTCPeerConnection({ iceServers: [] });
  const context = new AudioContext({ latencyHint: "interactive" });
  const code = `registerProcessor("levels", class extends AudioWorkletProcessor {
    process([both]) {
      this.port.postMessage(both.map((samples) => samples.reduce((peak, s) => Math.max(peak, Math.abs(s)), 0)));
      return true;
    }
  });`;
  await context.audioWorklet.addModule(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));
  const merger = context.createChannelMerger(2);
  const worklet = new AudioWorkletNode(context, "levels", { channelCount: 2, channelCountMode: "explicit" });
  merger.connect(worklet);
  context.createMediaStreamSource(microphone).connect(merger, 0, 0);
  const levels = [];
  worklet.port.onmessage = ({ data }) => levels.push(data);
  peer.ontrack = ({ streams: [stream] }) => {
    // A remote stream flows only into an element; the worklet alone would stay silent.
    Object.assign(new Audio(), { srcObject: stream, muted: true }).play();
    context.createMediaStreamSource(stream).connect(merger, 0, 1);
  };
  peer.createDataChannel("text");
  for (const track of microphone.getTracks()) peer.addTrack(track, microphone);
  await peer.setLocalDescription(await peer.createOffer());
  while (peer.iceGatheringState !== "complete") {
    await new Promise((resolve) => peer.addEventListener("icegatheringstatechange", resolve, { once: true }));
  }
  const offer = { sdp: peer.localDescription.sdp, type: "offer" };
  const [path, body] = {
    gateway: ["/invocations", { action: "offer", data: { ...offer, sessionId: crypto.randomUUID() + "-benchmark" } }],
    fastrtc: ["/webrtc/offer", { ...offer, webrtc_id: crypto.randomUUID() }],
    plain: ["/offer", offer],
  }[wire];
  const headers = { "Content-Type": "application/json" };
  const reply = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
  const answer = await reply.json();
  if (!answer.sdp) throw new Error(JSON.stringify(answer));
  await peer.setRemoteDescription({ type: "answer", sdp: answer.sdp });
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const step = (128 / context.sampleRate) * 1000;
  const onsets = (channel) => {
    const found = [];
    let quiet = 0;
    levels.forEach((level, at) => {
      if ((level[channel] ?? 0) > 0.05) {
        if (quiet * step > 300) found.push(at * step);
        quiet = 0;
      } else quiet += 1;
    });
    return found;
  };
  const back = onsets(1);
  const trips = onsets(0).flatMap((said) => back.filter((heard) => heard > said && heard < said + 950).slice(0, 1).map((heard) => heard - said));
  const voice = levels.flatMap((level, at) => ((level[1] ?? 0) > 0.05 ? [at * step] : []));
  const silences = onsets(0).flatMap((said) => {
    if (!voice.some((at) => at > said - 100 && at <= said)) return [];
    const heard = [said, ...voice.filter((at) => at > said && at < said + 950)];
    return [heard.find((at, index) => (heard[index + 1] ?? Infinity) - at > 100) - said];
  });
  return { trips, silences };
}
