import { existsSync, readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const IMPORT = /import \{([^}]*)\} from "@mantine\/core"/g;

function used(): readonly string[] {
  const sources = readdirSync("src", { recursive: true, encoding: "utf8" }).filter((file) => /\.tsx?$/.test(file));
  const imports = sources.flatMap((file) => [...readFileSync(`src/${file}`, "utf8").matchAll(IMPORT)]);
  return [...new Set(imports.flatMap(([, names = ""]) => names.split(",").map((name) => name.trim())))];
}

test("every component of Mantine that is used has its styles", () => {
  const styles = readFileSync("src/mantine.css", "utf8");
  const fileOf = (name: string): string => `@mantine/core/styles/${name}.layer.css`;
  const needed = used().filter((name) => existsSync(`node_modules/${fileOf(name)}`));
  expect(needed).toContain("Button");
  expect(needed.filter((name) => !styles.includes(`"${fileOf(name)}"`))).toEqual([]);
});
