#!/bin/sh
# A session begins (payload on stdin): keep that in the background, which also starts the server;
# answer with where the last session stopped, or with what is wrong with the installation.
exec "${0%/*}/user-prompt-hook.sh" with-guidance
