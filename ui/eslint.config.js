// Flat config. The `no-restricted-imports` blocks hold the walls between the rooms of `src`:
// features know `api`, `kit` and `messages` and never each other, `kit` knows no data, and only `api` knows the host.
import js from "@eslint/js";
import svelte from "eslint-plugin-svelte";
import globals from "globals";
import ts from "typescript-eslint";
import svelteConfig from "./svelte.config.js";

const host = { group: ["@tauri-apps/*"], message: "Only src/api may know the host." };
const features = { group: ["**/features/*", "**/features/**", "../approvals/*", "../approvals", "../query/*", "../query", "../plant/*", "../plant", "../erp/*", "../erp", "../connectors/*", "../connectors"], message: "Features share through api and kit, never through each other." };
const frame = { group: ["**/frame", "**/frame/**"], message: "The frame shows features; features do not know it." };
const api = { group: ["**/api", "**/api/**"], message: "The kit has no data." };

const markup = [
  { selector: "MemberExpression[property.name=/^(innerHTML|outerHTML|insertAdjacentHTML)$/]", message: "Text nodes only: foreign words are never markup." },
  { selector: "SvelteAttribute[key.name='style']", message: "An inline style attribute is refused by the content security policy; use a class or a style: directive." },
];

export default ts.config(
  { ignores: ["dist", "node_modules", "src/api/generated"] },
  js.configs.recommended,
  ...ts.configs.strict,
  ...svelte.configs.recommended,
  { languageOptions: { globals: { ...globals.browser } } },
  {
    files: ["**/*.svelte", "**/*.svelte.ts"],
    languageOptions: { parserOptions: { extraFileExtensions: [".svelte"], parser: ts.parser, svelteConfig } },
  },
  {
    files: ["dev/**", "*.config.js", "*.config.ts", "tests/**"],
    languageOptions: { globals: { ...globals.node } },
  },
  {
    rules: {
      "svelte/no-at-html-tags": "error",
      // Both rules guess: hash addresses need no resolving, and a plain Map is meant where nothing is drawn from it.
      "svelte/no-navigation-without-resolve": "off",
      "svelte/prefer-svelte-reactivity": "off",
      "no-restricted-syntax": ["error", ...markup],
      "no-undef": "off",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      "no-restricted-imports": "off",
      "@typescript-eslint/no-restricted-imports": ["error", { patterns: [host] }],
    },
  },
  { files: ["src/api/**"], rules: { "@typescript-eslint/no-restricted-imports": ["error", { patterns: [features, frame, { group: ["**/kit", "**/kit/**"], message: "The api has no looks." }] }] } },
  { files: ["src/kit/**"], rules: { "@typescript-eslint/no-restricted-imports": ["error", { patterns: [host, features, frame, api] }] } },
  { files: ["src/features/**"], rules: { "@typescript-eslint/no-restricted-imports": ["error", { patterns: [host, features, frame] }] } },
  { files: ["src/frame/**"], rules: { "@typescript-eslint/no-restricted-imports": ["error", { patterns: [host, features] }] } },
);
