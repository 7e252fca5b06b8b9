import { mount } from 'svelte';
import { barHost } from '../lib/host/choose';
import '../lib/style/base.css';
import Bar from './Bar.svelte';

const target = document.getElementById('app');
if (target) mount(Bar, { target, props: { host: await barHost() } });
