/** What a scan worker and the device thread say to each other. Buffers are transferred, not copied. */

/** Windows of one batch, padded to one length: their ids are row-major [rows, length], 0 where a window is shorter. */
export interface Pack {
  readonly rows: number;
  readonly length: number;
}

/** A scan worker asks for the sums of some packs. */
export interface ScoreRequest {
  readonly sequence: number;
  readonly packs: readonly Pack[];
  /** Ids of all packs, one behind the other. */
  readonly ids: Int32Array<ArrayBuffer>;
}

/** The device thread's answer: sums per pack, row-major [rows, outputs], or what went wrong; and the ids' buffer. */
export type ScoreReply = { readonly sequence: number; readonly ids: ArrayBuffer } & (
  | { readonly sums: readonly Int32Array<ArrayBuffer>[] }
  | { readonly error: string }
);

/** What the device thread is started with. */
export interface DeviceSettings {
  readonly onnxPath: string;
  readonly input: string;
  readonly output: string;
  readonly outputs: number;
  readonly device: Device;
  readonly threads: number;
}

/** Which device may run the model. `auto` takes CUDA when it works and says what it took. */
export const devices = ["auto", "cpu", "cuda"] as const;
export type Device = (typeof devices)[number];

/** Main thread to device thread. */
export type DeviceCommand =
  | { readonly kind: "connect"; readonly port: import("node:worker_threads").MessagePort }
  | { readonly kind: "release" };

/** Device thread to main thread. */
export type DeviceEvent =
  | { readonly kind: "ready"; readonly provider: string; readonly notes: readonly string[] }
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "released"; readonly stats: DeviceStats };

/** What the device thread did. Times in milliseconds. */
export interface DeviceStats {
  readonly windows: number;
  readonly ids: number;
  readonly busyMs: number;
}
