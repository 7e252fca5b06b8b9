import { readFileSync } from 'node:fs';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

const manifest = readFileSync(new URL('../Cargo.toml', import.meta.url), 'utf8');
const version = /^version = "([^"]+)"$/m.exec(manifest)?.[1];
if (version === undefined) throw new Error('Cargo.toml of the workspace names no version.');

// Two pages, because two webviews load them and neither may depend on the other's code. `gallery` is the same UI on a
// host that runs in any browser, for looking at each screen; it is never shipped.
export default defineConfig(({ mode }) => ({
  plugins: [svelte()],
  define: { __VERSION__: JSON.stringify(version) },
  // Relative, so that the pages work under any scheme and folder.
  base: './',
  build: {
    outDir: mode === 'gallery' ? 'dist-gallery' : 'dist',
    emptyOutDir: true,
    target: ['es2022', 'safari17', 'chrome120'],
    // The content security policy knows neither data: URLs nor inline scripts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: { input: { console: 'console.html', bar: 'bar.html' } },
  },
  resolve: mode === 'test' ? { conditions: ['browser'] } : {},
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.ts'],
    setupFiles: ['src/test_setup.ts'],
  },
}));
