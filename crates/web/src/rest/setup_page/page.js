// The secret stands behind the # of the address: it is in no request, log or Referer.
const form = document.getElementById("form");
const message = document.getElementById("message");
const button = form.querySelector("button");
const token = location.hash.slice(1);

if (!token) {
  message.textContent = "The link is not whole: open it as the server printed it.";
  button.disabled = true;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  button.disabled = true;
  message.textContent = "One moment…";
  try {
    const response = await fetch("/api/v1/setup", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({
        token,
        username: form.elements.username.value,
        password: form.elements.password.value,
      }),
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.error);
    history.replaceState(null, "", location.pathname);
    form.hidden = true;
    message.textContent = `Done: ${answer.username} administers this server.`;
  } catch (error) {
    message.textContent = error.message;
    button.disabled = false;
  }
});
