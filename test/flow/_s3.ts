/**
 * A real S3 server (moto, from PyPI) on 127.0.0.1, and a proxy before it that does what networks do. The server is
 * installed into the folder for temporary files once; where that cannot be done, tests that need it are skipped.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { type AddressInfo, connect, createServer as createSocketServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/** What is installed, and its version in the name of the folder. */
const packages = ["moto==5.2.5", "flask==3.1.3", "flask-cors==6.0.5"];
const home = join(tmpdir(), "corpusgate-moto-5.2.5");

/** Credentials that the server takes, like any. None of them may turn up anywhere. */
export const secrets = {
  AWS_ACCESS_KEY_ID: "AKIAXCORPUSGATETEST0",
  AWS_SECRET_ACCESS_KEY: "s3cr3t/never+to+be+seen/0123456789abcdef",
  AWS_SESSION_TOKEN: "t0ken//never+to+be+seen/fedcba9876543210==",
};

/** A server that answers at `url`. */
export interface S3 {
  readonly url: string;
  put(bucket: string, key: string, bytes: Uint8Array | string, headers?: Record<string, string>): Promise<void>;
  stop(): void;
}

/** Starts the server, or says why there is none. */
export async function startS3(): Promise<S3 | { readonly absent: string }> {
  try {
    await install();
  } catch (error) {
    const text = String((error as { stderr?: string }).stderr || error);
    return { absent: `moto cannot be installed: ${text.trim().split("\n").at(-1)?.slice(0, 200)}` };
  }
  const port = await freePort();
  const child = spawn(join(home, "bin", "moto_server"), ["-H", "127.0.0.1", "-p", String(port)], { stdio: "ignore" });
  const url = `http://127.0.0.1:${port}`;
  await untilOpen(port, child);
  return {
    url,
    stop: () => child.kill("SIGKILL"),
    put: async (bucket, key, bytes, headers = {}) => {
      const path = key.split("/").map(encodeURIComponent).join("/");
      // The server looks whether a request is signed, and not by whom.
      const scope = `Credential=${secrets.AWS_ACCESS_KEY_ID}/20260101/us-east-1/s3/aws4_request`;
      const authorization = `AWS4-HMAC-SHA256 ${scope}, SignedHeaders=host, Signature=00`;
      const type = { "content-type": "application/octet-stream", authorization, ...headers };
      const send = (to: string, body?: Uint8Array | string) =>
        fetch(to, { method: "PUT", headers: type, ...(body === undefined ? {} : { body: Buffer.from(body) }) });
      await send(`${url}/${bucket}`);
      const answer = await send(`${url}/${bucket}/${path}`, bytes);
      if (!answer.ok) throw new Error(`PUT ${bucket}/${key}: ${answer.status} ${await answer.text()}`);
    },
  };
}

/** Installs into a folder of its own and renames it, so that a half installed one is never used. */
async function install(): Promise<void> {
  if (existsSync(join(home, "bin", "moto_server"))) return;
  const partial = mkdtempSync(join(tmpdir(), "corpusgate-moto-"));
  try {
    await run("python3", ["-m", "venv", "--copies", partial]);
    const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...packages];
    await run(join(partial, "bin", "python3"), pip, { timeout: 300_000 });
    // The scripts name the folder that they were installed into.
    const script = join(partial, "bin", "moto_server");
    await run("sed", ["-i", `1s|.*|#!${join(home, "bin", "python3")}|`, script]);
    renameSync(partial, home);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    // Another process was faster.
    if (!existsSync(join(home, "bin", "moto_server"))) throw error;
  }
}

/** A port that nothing listens on. */
export async function freePort(): Promise<number> {
  const server = createSocketServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function untilOpen(port: number, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt++) {
    if (child.exitCode !== null) throw new Error(`moto ended with ${child.exitCode}`);
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => resolve(true));
      socket.on("error", () => resolve(false)).on("connect", () => socket.destroy());
    });
    if (isOpen) return;
    await sleep(100);
  }
  throw new Error("moto does not listen after 60 s");
}

/** A request as the proxy sees it. */
export interface Seen {
  readonly method: string;
  /** Decoded, without query: `/bucket/key`. */
  readonly path: string;
  readonly query: string;
  /** First byte that is asked for; null without a range. */
  readonly from: number | null;
  readonly ifMatch: string | undefined;
  /** How often this method, path and range were asked for before. */
  readonly before: number;
}

/** What the proxy does with a request instead of passing it on. */
export type Deed =
  | {
      readonly status: number;
      readonly code?: string;
      readonly body?: string;
      readonly headers?: Record<string, string>;
    }
  /** Closes the connection after so many bytes of the body. */
  | { readonly dropAfter: number }
  /** Sends so many bytes of the body, then nothing. */
  | { readonly stallAfter: number }
  | "drop"
  | "pass";

/** A proxy: set `deed` to misbehave. */
export interface Gateway {
  readonly url: string;
  deed: (seen: Seen) => Deed | Promise<Deed>;
  readonly seen: Seen[];
  /** Passes everything on, and has seen nothing. */
  reset(): void;
  stop(): void;
}

/** Starts a proxy before a server. */
export async function startProxy(to: string): Promise<Gateway> {
  const target = new URL(to);
  const agent = new Agent({ keepAlive: false });
  const counts = new Map<string, number>();
  const seenOf = (message: IncomingMessage): Seen => {
    const { pathname, search } = new URL(message.url ?? "/", to);
    const [path, range] = [decodeURIComponent(pathname), message.headers.range];
    const key = `${message.method} ${path}${search} ${range}`;
    const before = counts.get(key) ?? 0;
    counts.set(key, before + 1);
    const from = /^bytes=(\d+)-/.exec(range ?? "")?.[1];
    return {
      ...{ method: message.method ?? "", path, query: search, from: from === undefined ? null : Number(from), before },
      ifMatch: message.headers["if-match"],
    };
  };
  const handle = async (message: IncomingMessage, response: ServerResponse) => {
    const seen = seenOf(message);
    proxy.seen.push(seen);
    const deed = await proxy.deed(seen);
    if (deed === "drop") {
      message.socket.destroy();
      return;
    }
    if (deed !== "pass" && "status" in deed) {
      const body = deed.body ?? (deed.code === undefined ? "" : `<Error><Code>${deed.code}</Code></Error>`);
      response.writeHead(deed.status, { "content-type": "application/xml", ...deed.headers }).end(body);
      return;
    }
    const onward = request(
      {
        host: target.hostname,
        port: target.port,
        method: message.method,
        path: message.url,
        headers: message.headers,
        agent,
      },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("end", () => {
          const body = Buffer.concat(chunks);
          // The client must see a length to notice that bytes are missing, and connections that live.
          const { connection: _, ...headers } = answer.headers;
          response.writeHead(answer.statusCode ?? 502, headers);
          if (deed === "pass") response.end(body);
          else if ("dropAfter" in deed) {
            response.write(body.subarray(0, deed.dropAfter), () => message.socket.destroy());
          } else response.write(body.subarray(0, deed.stallAfter));
        });
      },
    );
    onward.on("error", () => message.socket.destroy());
    message.pipe(onward);
  };
  const server = createServer((message, response) => {
    handle(message, response).catch(() => message.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const proxy: Gateway = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    deed: () => "pass",
    seen: [],
    reset: () => {
      proxy.deed = () => "pass";
      proxy.seen.length = 0;
      counts.clear();
    },
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return proxy;
}
