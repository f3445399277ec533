" vim.nox -es -S ale.vim: the configuration of docs/editors.md at work.
set nocompatible nomore noswapfile hidden
set rtp+=/usr/share/vim-ale/
for s:place in glob('/usr/share/vim/vimfiles/pack/*/*/ale', 0, 1) + glob('/usr/share/vim/addons/pack/*/*/ale', 0, 1)
  execute 'set rtp^=' . s:place
endfor
filetype plugin on
runtime plugin/ale.vim
execute 'source ' . $HOME . '/config.vim'

let s:passed = 0
let s:lines = []
function! s:Claim(name, ok) abort
  call add(s:lines, (a:ok ? 'ok - ' : 'not ok - ') . a:name)
  let s:passed += a:ok
endfunction
function! s:Finish() abort
  call add(s:lines, s:passed . ' passed, ' . (2 - s:passed) . ' failed')
  call writefile(s:lines, '/dev/stdout', 'a')
  if s:passed == 2 | qall! | else | cquit | endif
endfunction

let s:answer = {}
function! s:Got(line) abort
  let s:answer = a:line
endfunction
function! s:Ask(method, params) abort
  let s:answer = {}
  call ale#lsp_linter#SendRequest(bufnr(''), 'codanna', [0, a:method, a:params], function('s:Got'))
  let l:end = localtime() + 20
  while empty(s:answer) && localtime() < l:end
    sleep 50m
  endwhile
  return get(s:answer, 'result', [])
endfunction

execute 'cd ' . $WORKSPACE
edit config/settings.py
ALELint
let s:found = []
let s:end = localtime() + 120
while localtime() < s:end
  try
    let s:found = s:Ask('workspace/symbol', {'query': 'retry failed uploads'})
  catch
    let s:found = []
  endtry
  if !empty(s:found) && s:found[0].name ==# '_send_with_backoff'
    break
  endif
  sleep 200m
endwhile
call s:Claim('workspace/symbol in plain words finds by meaning', !empty(s:found) && s:found[0].name ==# '_send_with_backoff')
let s:answer = s:Ask('codanna/semanticSearch', {'query': 'drop expired sessions'})
let s:hits = type(s:answer) == v:t_dict ? s:answer.hits : []
call s:Claim('a search by meaning answers with places', !empty(s:hits) && s:hits[0].name ==# 'dropExpiredSessions')
call s:Finish()
