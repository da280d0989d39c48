import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { loadConfig } from "../../sidecar/config.ts";
import { configurationReference } from "../support/configuration-reference.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

interface Service {
  readonly image?: string;
  readonly command?: readonly string[];
  readonly profiles?: readonly string[];
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly healthcheck?: object;
  readonly depends_on?: Readonly<Record<string, object>>;
  readonly build?: { readonly target: string };
}

const compose = parse(read("docker-compose.yml"), { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, null>>;
};
const service = (name: string): Service => compose.services[name] ?? {};

const SECRETS = {
  ERPSYNC_SHOP_SECRET: "s".repeat(40),
  ERPSYNC_DB_PASSWORD: "p",
  NETSUITE_ACCOUNT: "5256042_SB1",
  NETSUITE_CLIENT_ID: "c",
  NETSUITE_CERTIFICATE_ID: "k",
  NETSUITE_PRIVATE_KEY: "-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----",
};

/** Names of environment variables that a text asks for as `${NAME}`. */
function asked(text: string): readonly string[] {
  return [...new Set([...text.matchAll(/\$\{([A-Z_]+)/g)].map((match) => match[1] ?? ""))].sort();
}

test("the example configuration is one that the program starts with", async () => {
  const config = await loadConfig(join(ROOT, "deploy/erpsync.example.yaml"), SECRETS);
  expect(config.erp.adapter).toBe("netsuite");
  expect(config.stateFile).toBe("/var/lib/erpsync/state.json");
});

test("the example configuration names every setting that there is, set or in a comment", async () => {
  const example = read("deploy/erpsync.example.yaml");
  const settings = [...(await configurationReference()).matchAll(/^\| `([a-zA-Z]+)` \|/gm)].map(
    (row) => row[1],
  );
  const variants = ["consumerKey", "consumerSecret", "tokenId", "tokenSecret", "tokenUrl", "afterOrder"];
  const optional = ["locationId", "customFormId"];
  const absent = settings.filter((name) => !new RegExp(`^ *(# +)?${name}:`, "m").test(example));
  expect(absent.filter((name) => ![...variants, ...optional].includes(name ?? ""))).toEqual([]);
});

test("the configuration in docker-compose is one that the program starts with", async () => {
  const config = await loadConfig(join(ROOT, "deploy/erpsync.compose.yaml"), SECRETS);
  expect(config.database.host).toBe("db");
  expect(config.database.name).toBe(service("db").environment?.["MARIADB_DATABASE"]);
  expect(config.database.prefix).toBe(service("shop").environment?.["DB_PREFIX"]);
  expect(new URL(config.shop.url).hostname).toBe("shop");
});

test("docker-compose hands the sidecar every variable that its configuration asks for", () => {
  const wanted = asked(read("deploy/erpsync.compose.yaml").replaceAll(/^#.*$/gm, ""));
  expect(Object.keys(service("sidecar").environment ?? {})).toEqual(expect.arrayContaining([...wanted]));
});

test("the sample of the environment holds every variable that docker-compose demands", () => {
  const sample = read("deploy/env.example");
  const demanded = [...read("docker-compose.yml").matchAll(/\$\{([A-Z_]+):\?/g)].map((match) => match[1]);
  expect(demanded.length).toBeGreaterThan(0);
  for (const name of demanded) expect(sample).toMatch(new RegExp(`^${name ?? ""}=`, "m"));
});

test("the sidecar's port, volume and configuration agree with its own settings", async () => {
  const config = await loadConfig(join(ROOT, "deploy/erpsync.compose.yaml"), SECRETS);
  const { ports = [], volumes = [], command = [] } = service("sidecar");
  expect(ports).toEqual([`127.0.0.1:${config.http.port}:${config.http.port}`]);
  expect(config.http.host).toBe("0.0.0.0");
  expect(volumes.some((volume) => volume === "sidecar-state:/var/lib/erpsync")).toBe(true);
  expect(config.stateFile.startsWith("/var/lib/erpsync/")).toBe(true);
  expect(command[0]).toBe("run");
  expect(read("deploy/Dockerfile")).toContain(`http://127.0.0.1:${config.http.port}/health`);
});

test("docker-compose has the shop, a database with a full row binlog, and the test ERP in the demo profile only", () => {
  expect(service("shop").image).toBe("prestashop/prestashop:8.2-apache");
  expect(service("db").image).toBe("mariadb:10.11");
  for (const option of ["--binlog-format=ROW", "--binlog-row-image=FULL", "--binlog-row-metadata=FULL"]) {
    expect(service("db").command).toContain(option);
  }
  const inDemo = Object.entries(compose.services).filter(([, one]) => one.profiles?.includes("demo"));
  expect(inDemo.map(([name]) => name)).toEqual(["netsuite"]);
  expect(service("shop").volumes).toContain("./prestashop-module/erpsync:/var/www/html/modules/erpsync");
});

test("every service of docker-compose has a health check or runs once, and every volume that it names exists", () => {
  for (const [name, one] of Object.entries(compose.services)) {
    // The sidecar's own is in its image.
    if (name !== "sidecar") expect(one.healthcheck, name).toBeDefined();
    for (const volume of one.volumes ?? []) {
      const [source = ""] = volume.split(":");
      if (!source.startsWith(".")) expect(Object.keys(compose.volumes)).toContain(source);
    }
    for (const other of Object.keys(one.depends_on ?? {})) expect(compose.services[other]).toBeDefined();
    if (one.build !== undefined)
      expect(read("deploy/Dockerfile")).toMatch(new RegExp(`^FROM \\S+ AS ${one.build.target}$`, "m"));
  }
});

test("all that the image copies is let through to its build and is in the repository", () => {
  const copied = [...read("deploy/Dockerfile").matchAll(/^COPY (?!--from)(?:--\S+ )?(.+)$/gm)].flatMap(
    (line) => (line[1] ?? "").split(" ").slice(0, -1),
  );
  const allowed = read(".dockerignore")
    .split("\n")
    .filter((line) => line.startsWith("!"))
    .map((line) => line.slice(1));
  for (const path of copied) {
    expect(allowed).toContain(path);
    expect(existsSync(join(ROOT, path)), path).toBe(true);
  }
});

test("the reference of the configuration is what the schemas say now; npm run docs writes it", async () => {
  expect(read("deploy/configuration.md")).toBe(await configurationReference());
});
