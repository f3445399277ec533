;;; eglot.el --- emacs --batch -l eglot.el: the configuration of docs/editors.md at work -*- lexical-binding: t -*-
(setq network-security-level 'low)
(unless (require 'eglot nil t) (package-initialize) (require 'eglot))
(require 'xref)

(load (expand-file-name "config.el" (getenv "HOME")) nil t)

(load (expand-file-name "claims.el" (file-name-directory load-file-name)) nil t)

(setq eglot-autoshutdown nil eglot-sync-connect 30 eglot-connect-timeout 40)
(let* ((folder (file-name-as-directory (getenv "WORKSPACE")))
       (default-directory folder)
       (vc-handled-backends '(Git))
       (buffer (find-file-noselect (expand-file-name "config/settings.py" folder)))
       server)
  (with-current-buffer buffer
    (claim "connects"
      (apply #'eglot--connect (append (eglot--guess-contact) nil))
      (setq server (eglot-current-server))
      (unless server (error "no server")))
    (claim "workspace/symbol in plain words finds by meaning"
      (until "the symbol"
             (lambda ()
               (let ((found (jsonrpc-request server :workspace/symbol '(:query "retry failed uploads"))))
                 (and (> (length found) 0)
                      (equal (plist-get (aref found 0) :name) "_send_with_backoff"))))))
    (claim "M-x codanna-search lists places that xref can show"
      (let* ((items (codanna-search-items "retry failed uploads"))
             (first (car items)))
        (unless (= 31 (xref-location-line (xref-item-location first))) (error "%S" first))))
    (claim "a saved edit is found"
      (goto-char (point-max))
      (insert "\n\ndef frobnicate():\n    \"\"\"Turn the wobbly gizmo upside down.\"\"\"\n")
      (let ((save-silently t)) (save-buffer))
      (until "the new function"
             (lambda ()
               (let ((found (jsonrpc-request server :workspace/symbol '(:query "turn wobbly gizmo upside down"))))
                 (and (> (length found) 0) (equal (plist-get (aref found 0) :name) "frobnicate"))))))
    (claim "stops"
      (ignore-errors (eglot-shutdown server))
      (until "the end" (lambda () (not (jsonrpc-running-p server)))))))
(princ (format "%d passed, %d failed\n" passed failed))
(kill-emacs (if (> failed 0) 1 0))
