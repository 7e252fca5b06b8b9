import { mount } from 'svelte';
import { consoleHost } from '../lib/host/choose';
import '../lib/style/base.css';
import Console from './Console.svelte';

const target = document.getElementById('app');
if (target) mount(Console, { target, props: { host: await consoleHost() } });
