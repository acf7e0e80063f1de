"""The names of `codemem_core.commands`; it imports each when it is first used."""

# For commands.
from codemem_core.commands.host import (
    Host as Host,
    always_json_option as always_json_option,
    apply_option as apply_option,
    db_option as db_option,
    json_option as json_option,
    pass_host as pass_host,
    project_options as project_options,
)
from codemem_core.commands.input import MAX_BYTES as MAX_BYTES, read_json as read_json
from codemem_core.commands.output import (
    Progress as Progress,
    plain as plain,
    say as say,
    say_json as say_json,
    warn as warn,
)

# For installers.
from codemem_core.commands.install_checks import (
    check_client as check_client,
    run_client as run_client,
    check_program as check_program,
    check_recorded as check_recorded,
    check_server as check_server,
    installed_program as installed_program,
    mcp_command as mcp_command,
    said_by as said_by,
    server_answers as server_answers,
)
from codemem_core.commands.json_entry import JsonEntry as JsonEntry
from codemem_core.commands.user_files import keep_copy as keep_copy, replace_file as replace_file
