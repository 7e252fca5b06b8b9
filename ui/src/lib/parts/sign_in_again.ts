import { getContext, setContext } from 'svelte';
import type { FreshSignInView } from '../bindings/FreshSignInView';
import type { Invoke } from '../bindings/commands';

/** Where one can prove once more who one is. */
interface SignInAgain {
  state: () => FreshSignInView;
  invoke: Invoke;
}

const CONTEXT = Symbol('sign in again');

/** To be called by the screen that all others stand in. */
export const offerSignInAgain = (offer: SignInAgain): SignInAgain => setContext(CONTEXT, offer);

/** Undefined in the bar and before anybody is signed in. */
export const offeredSignInAgain = (): SignInAgain | undefined => getContext<SignInAgain | undefined>(CONTEXT);
