# Completion of jetcuda-check for fish. tests/packaging/ holds its words to those of the program.

function __jetcuda_check_ids
    jetcuda-check list 2>/dev/null | string replace --regex ' .*' ''
end

set -l verbs status run facts list explain which-libcuda inspect gate diff bundle
set -l no_verb "not __fish_seen_subcommand_from $verbs"

complete -c jetcuda-check -f
complete -c jetcuda-check -n $no_verb -a status -d 'The newest report of the daemon (the default)'
complete -c jetcuda-check -n $no_verb -a run -d 'Judge now, without the daemon'
complete -c jetcuda-check -n $no_verb -a facts -d 'What was read, each value with its source'
complete -c jetcuda-check -n $no_verb -a list -d 'The checks, each with its claim'
complete -c jetcuda-check -n $no_verb -a explain -d 'One check, with every way it can go and the remedy'
complete -c jetcuda-check -n $no_verb -a which-libcuda -d 'Which libcuda the loader would take, and why'
complete -c jetcuda-check -n $no_verb -a inspect -d 'Will these programs run on this board?'
complete -c jetcuda-check -n $no_verb -a gate -d 'The boot decision'
complete -c jetcuda-check -n $no_verb -a diff -d 'What changed between two reports'
complete -c jetcuda-check -n $no_verb -a bundle -d 'A support bundle to send'
complete -c jetcuda-check -n '__fish_seen_subcommand_from run explain' -a '(__jetcuda_check_ids)'
complete -c jetcuda-check -n '__fish_seen_subcommand_from diff bundle inspect' -F

complete -c jetcuda-check -l root -r -a '(__fish_complete_directories)' -d 'Judge the system below a folder'
complete -c jetcuda-check -l system -r -a '(__fish_complete_directories)' -d 'Judge a NixOS system before a switch to it'
complete -c jetcuda-check -l soc -x -a 'T194 T234 T264' -d 'The SoC of an image at rest'
complete -c jetcuda-check -l driver -r -F -d 'The libcuda to ask'
complete -c jetcuda-check -l no-probe -d 'Read and judge only; load no driver'
complete -c jetcuda-check -l data -r -a '(__fish_complete_directories)' -d 'Where releases.json and socs.json are'
complete -c jetcuda-check -l config -r -a '(__fish_complete_directories)' -d 'Where config.json, config.d, checks.d and data.d are'
complete -c jetcuda-check -l json -d 'Answer as JSON'
complete -c jetcuda-check -s h -l help -d 'Show the help'
complete -c jetcuda-check -l version -d 'Show the version'
complete -c jetcuda-check -n '__fish_seen_subcommand_from status run' -l all -d 'Show the checks that pass, too'
complete -c jetcuda-check -n '__fish_seen_subcommand_from run' -l repeat -x -d 'Let the GPU do its work N times'
complete -c jetcuda-check -n '__fish_seen_subcommand_from run' -l all-compat -d 'Try idle cuda_compat folders, too'
complete -c jetcuda-check -n '__fish_seen_subcommand_from list' -l markdown -d 'As the table in the README'
complete -c jetcuda-check -n '__fish_seen_subcommand_from which-libcuda' -l for -r -F -d 'For this program or library'
complete -c jetcuda-check -n '__fish_seen_subcommand_from inspect' -l sm -x -a '72 87 110' -d 'The GPU that is meant'
complete -c jetcuda-check -n '__fish_seen_subcommand_from inspect' -l driver-cuda -x -d 'The CUDA version of its driver'
complete -c jetcuda-check -n '__fish_seen_subcommand_from inspect' -l l4t -x -d 'Its L4T release, such as 36.5'
complete -c jetcuda-check -n '__fish_seen_subcommand_from bundle' -l force -d 'Replace the file if it is there'
