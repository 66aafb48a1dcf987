// A browser speaks a WAV to the gateway over WebRTC: node webrtc_in_chromium.mjs URL WAV CHROMIUM [turnOnly]
// The WAV is said again and again, because nothing tells the browser's microphone when the call is
// connected: what is waited for is the end of the first run in which a tool was called.
// Then it moves over to a second connection, as after a change of networks, and hangs up.
// Prints one line of JSON: the events of the data channel, how loud the answer was, the kinds of our
// candidates that were used, and the sessions that both connections were told of.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [url, wav, executablePath, policy] = process.argv.slice(2);
const profile = mkdtempSync(join(tmpdir(), "chromium-"));
const browser = await chromium.launchPersistentContext(profile, {
  executablePath,
  headless: true,
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--allow-loopback-in-peer-connection", "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required",
    "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
    `--use-file-for-fake-audio-capture=${wav}`,
  ],
});
try {
  const page = await browser.newPage();
  await page.goto(`${url}/ping`); // any page of the gateway's own origin
  console.log(JSON.stringify(await page.evaluate(converse, policy === "turnOnly")));
} finally {
  await browser.close();
  rmSync(profile, { recursive: true, force: true });
}

/** Runs inside the page. */
async function converse(turnOnly) {
  const session = crypto.randomUUID() + crypto.randomUUID();
  const act = async (action, data) => {
    const response = await fetch("/invocations", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id": session },
      body: JSON.stringify({ action, data: { ...data, turnOnly } }),
    });
    const answer = await response.json();
    if (answer.error) throw new Error(answer.error);
    return answer;
  };
  const microphone = await navigator.mediaDevices.getUserMedia({ audio: true });
  const connect = async (listen, pc_id) => {
    const { iceServers } = await act("ice_config", {});
    const peer = new RTCPeerConnection({ iceServers, iceTransportPolicy: turnOnly ? "relay" : "all" });
    peer.ontrack = ({ streams: [stream] }) => hear(stream);
    peer.createDataChannel("gateway").onmessage = ({ data }) => listen(JSON.parse(data));
    for (const track of microphone.getTracks()) peer.addTrack(track, microphone);
    await peer.setLocalDescription(await peer.createOffer());
    while (peer.iceGatheringState !== "complete") {
      await new Promise((resolve) => peer.addEventListener("icegatheringstatechange", resolve, { once: true }));
    }
    const answer = await act("offer", { sdp: peer.localDescription.sdp, type: "offer", pc_id });
    await peer.setRemoteDescription(answer);
    return { peer, pc_id: answer.pc_id };
  };
  const heard = { peak: 0 };
  const hear = (stream) => {
    // A remote stream flows only into an element; the analyser alone would stay silent.
    Object.assign(new Audio(), { srcObject: stream, muted: true }).play();
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    context.createMediaStreamSource(stream).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      heard.peak = Math.max(heard.peak, ...samples.map(Math.abs));
    }, 20);
  };
  const pathsOf = async (peer) => {
    const stats = [...(await peer.getStats()).values()];
    const used = stats.filter(({ type, nominated, state }) => type === "candidate-pair" && nominated && state === "succeeded");
    return used.map(({ localCandidateId }) => stats.find(({ id }) => id === localCandidateId).candidateType);
  };

  const events = [];
  let listen;
  const finished = new Promise((resolve, reject) => {
    const fail = (why) => reject(new Error(`${why}: ${JSON.stringify(events)}`));
    setTimeout(() => fail("no tool was called in time"), 110_000);
    let called = false;
    listen = (event) => {
      events.push(event);
      called ||= event.type === "TOOL_CALL_START";
      if (["RUN_ERROR", "gateway.error", "gateway.end"].includes(event.type)) fail("the call failed");
      if (event.type === "RUN_FINISHED" && called) resolve([...events]);
    };
  });
  const first = await connect((event) => listen(event));
  const told = await finished;
  const paths = await pathsOf(first.peer);
  let moved;
  const greeted = new Promise((resolve) => { moved = resolve; });
  const second = await connect((event) => { if (event.type === "gateway.session") moved(event); }, first.pc_id);
  const sessions = [told.find(({ type }) => type === "gateway.session"), await greeted].map(({ sessionId }) => sessionId);
  const left = await act("disconnect", { pc_id: second.pc_id });
  first.peer.close();
  second.peer.close();
  return { events: told, peak: heard.peak, paths, sessions, left };
}
