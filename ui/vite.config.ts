import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

// Two pages, because two webviews load them and neither may depend on the other's code. `gallery` is the same UI on a
// host that runs in any browser, for looking at each screen; it is never shipped.
export default defineConfig(({ mode }) => ({
  plugins: [svelte()],
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
