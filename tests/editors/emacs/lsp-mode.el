;;; lsp-mode.el --- emacs --batch -l lsp-mode.el: the configuration of docs/editors.md at work -*- lexical-binding: t -*-
(setq network-security-level 'low)
(package-initialize)
(setq lsp-auto-guess-root t
      lsp-enable-suggest-server-download nil
      lsp-enable-snippet nil
      lsp-response-timeout 40
      lsp-session-file (expand-file-name "lsp-session" (getenv "HOME"))
      lsp-restart 'ignore)
(load (expand-file-name "config.el" (getenv "HOME")) nil t)
(require 'lsp-mode)

(load (expand-file-name "claims.el" (file-name-directory load-file-name)) nil t)

(defun first-symbol (question)
  "The name of the first workspace symbol for QUESTION."
  (let ((found (with-lsp-workspace (lsp-find-workspace 'codanna nil)
                 (lsp-request "workspace/symbol" (list :query question)))))
    (and (> (length found) 0) (lsp-get (elt found 0) :name))))

;; A second server in the same file, as the language's own would be.
(lsp-register-client
 (make-lsp-client :new-connection (lsp-stdio-connection '("codanna-lsp" "serve"))
                  :activation-fn (lambda (&rest _) t)
                  :notification-handlers (lsp-ht ("codanna/statusChanged" #'ignore))
                  :priority 1
                  :server-id 'other-server))

(let* ((folder (file-name-as-directory (getenv "WORKSPACE")))
       (buffer (find-file-noselect (expand-file-name "config/settings.py" folder))))
  (with-current-buffer buffer
    (claim "connects beside another server"
      (lsp)
      (until "both servers" (lambda () (= 2 (length (lsp-workspaces)))))
      (until "initialize" (lambda () (seq-every-p (lambda (one) (eq 'initialized (lsp--workspace-status one)))
                                                  (lsp-workspaces)))))
    (claim "workspace/symbol in plain words finds by meaning"
      (until "the symbol" (lambda () (equal (first-symbol "retry failed uploads") "_send_with_backoff"))))
    (claim "a saved edit is found"
      (goto-char (point-max))
      (insert "\n\ndef frobnicate():\n    \"\"\"Turn the wobbly gizmo upside down.\"\"\"\n")
      (let ((save-silently t)) (save-buffer))
      (until "the new function" (lambda () (equal (first-symbol "turn wobbly gizmo upside down") "frobnicate"))))
    (claim "stops"
      (let ((processes (mapcar #'lsp--workspace-cmd-proc (lsp-workspaces))))
        (mapc #'lsp-workspace-shutdown (lsp-workspaces))
        (until "the end" (lambda () (not (seq-some #'process-live-p processes))))))))
(princ (format "%d passed, %d failed\n" passed failed))
(kill-emacs (if (> failed 0) 1 0))
