// The camera, the screen and the microphone of this browser.

export type Source = "camera" | "screen";

export interface Wish {
  source: Source;
  /** The browser chooses where nothing is said. */
  camera?: string | undefined;
  microphone?: string | undefined;
}

export interface Device {
  id: string;
  label: string;
}

export interface Devices {
  cameras: Device[];
  microphones: Device[];
}

/** One picture and one sound, and what lets them go. */
export interface Capture {
  media: MediaStream;
  release: () => void;
}

/** Whether this browser can do it at all: without TLS pages get no camera. */
export function canCapture(source: Source): boolean {
  const { mediaDevices } = navigator as Partial<Navigator>;
  return source === "camera" ? Boolean(mediaDevices?.getUserMedia) : Boolean(mediaDevices?.getDisplayMedia);
}

export async function capture({ source, camera, microphone }: Wish): Promise<Capture> {
  const { mediaDevices } = navigator;
  const audio = { ...(microphone ? { deviceId: { exact: microphone } } : {}), echoCancellation: true, noiseSuppression: true };
  if (source === "camera") {
    const size = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };
    const media = await mediaDevices.getUserMedia({ audio, video: { ...(camera ? { deviceId: { exact: camera } } : {}), ...size } });
    return { media, release: () => end([media]) };
  }
  const screen = await mediaDevices.getDisplayMedia({ video: { frameRate: { ideal: 30 } }, audio: true });
  let voice;
  try {
    voice = await mediaDevices.getUserMedia({ audio });
  } catch (error) {
    end([screen]);
    throw error;
  }
  const sound = mixed([screen, voice]);
  return {
    media: new MediaStream([...screen.getVideoTracks(), ...sound.tracks]),
    release: () => {
      end([screen, voice]);
      sound.release();
    },
  };
}

/** What can be chosen; labels are empty until something was allowed. */
export async function devices(): Promise<Devices> {
  const all = await navigator.mediaDevices.enumerateDevices();
  const of = (kind: MediaDeviceKind, name: string) =>
    all.filter((device) => device.kind === kind && device.deviceId).map(({ deviceId, label }, at) => ({ id: deviceId, label: label || `${name} ${at + 1}` }));
  return { cameras: of("videoinput", "Camera"), microphones: of("audioinput", "Microphone") };
}

/** What to say to somebody whose camera or screen cannot be had. */
export function refusal(thrown: unknown, source: Source): string {
  const what = source === "camera" ? "camera and microphone" : "screen and microphone";
  switch (thrown instanceof Error ? thrown.name : "") {
    case "NotAllowedError":
    case "SecurityError":
      return `This page may not use your ${what}. Allow it in your browser, then try again.`;
    case "NotFoundError":
    case "OverconstrainedError":
      return source === "camera" ? "There is no such camera or microphone. Plug it in, or choose another." : "There is no microphone. Plug one in, then try again.";
    case "NotReadableError":
    case "AbortError":
      return `Your ${what} could not be opened. Perhaps another program uses them.`;
    default:
      return `Your ${what} could not be opened.`;
  }
}

/** Players play one sound: that of the screen, if there is any, and the voice become one. */
function mixed(streams: MediaStream[]): { tracks: MediaStreamTrack[]; release: () => void } {
  const heard = streams.filter((stream) => stream.getAudioTracks().length > 0);
  if (heard.length < 2) return { tracks: heard.flatMap((stream) => stream.getAudioTracks()), release: () => {} };
  const context = new AudioContext();
  const mix = context.createMediaStreamDestination();
  for (const stream of heard) context.createMediaStreamSource(stream).connect(mix);
  return { tracks: mix.stream.getAudioTracks(), release: () => void context.close() };
}

function end(streams: MediaStream[]): void {
  for (const stream of streams) for (const track of stream.getTracks()) track.stop();
}
