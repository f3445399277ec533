;;; claims.el --- what the tests in Emacs have in common -*- lexical-binding: t -*-
(defvar passed 0)
(defvar failed 0)
(defmacro claim (name &rest body)
  `(condition-case problem
       (progn ,@body (setq passed (1+ passed)) (princ (format "ok - %s\n" ,name)))
     (error (setq failed (1+ failed)) (princ (format "not ok - %s: %S\n" ,name problem)))))

(defun until (what test)
  "Wait until TEST gives something, and give it; WHAT is for the message."
  (let ((end (+ (float-time) 90)) value)
    (while (and (not (setq value (funcall test))) (< (float-time) end))
      (accept-process-output nil 0.05))
    (or value (error "timed out: %s" what))))
