import "./styles/base.css";
import "./lib/theme.svelte";

import { mount } from "svelte";
import App from "./App.svelte";
import { followLinks } from "./lib/router.svelte";

followLinks();
mount(App, { target: document.getElementById("app")! });
