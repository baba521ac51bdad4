import { existsSync, readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** One sprite of the icons named in icons.txt, from Tabler's outline set: <symbol id="i-check">. */
function iconSprite(): Plugin {
  return {
    name: "icon-sprite",
    generateBundle() {
      const names = readFileSync(here("icons.txt"), "utf8").split("\n").map((line) => line.trim()).filter(Boolean);
      const symbols = names.map((name) => {
        const file = here(`node_modules/@tabler/icons/icons/outline/${name}.svg`);
        if (!existsSync(file)) this.error(`icons.txt names "${name}", which Tabler does not have`);
        const paths = readFileSync(file, "utf8").match(/<(path|circle|rect|line|polyline|ellipse)\b[^>]*\/>/g) ?? [];
        const drawn = paths.filter((path) => !path.includes('stroke="none"')).join("");
        return `<symbol id="i-${name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" ` +
          `stroke-linecap="round" stroke-linejoin="round">${drawn}</symbol>`;
      });
      this.emitFile({
        type: "asset",
        fileName: "icons.svg",
        source: `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>`,
      });
    },
  };
}

const pages = readdirSync(here("src/pages")).filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts"));

export default defineConfig({
  root: here("."),
  base: "/static/dist/",
  plugins: [iconSprite()],
  build: {
    outDir: here("../app/static/dist"),
    emptyOutDir: true,
    manifest: "manifest.json",
    sourcemap: false,
    // Domestic browsers on office machines are Chromium-based, some of them years behind.
    target: "es2022",
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      input: [here("src/main.ts"), ...pages.map((name) => here(`src/pages/${name}`))],
    },
  },
});
