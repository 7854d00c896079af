import "./styles/base.css";
import "./lib/theme.svelte";

import { mount } from "svelte";
import Embed from "./Embed.svelte";

mount(Embed, { target: document.getElementById("app")! });
