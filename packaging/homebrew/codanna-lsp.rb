class CodannaLsp < Formula
  desc "Language server that finds code by meaning, offline"
  homepage "@HOMEPAGE@"
  url "@HOMEPAGE@/releases/download/v@VERSION@/codanna_lsp-@VERSION@.tar.gz"
  sha256 "@SDIST_SHA256@"
  license "Apache-2.0"

  depends_on "python@3.13"

  def install
    # Its libraries come as wheels, which bring their own native code.
    system "python3.13", "-m", "venv", libexec
    system libexec/"bin/python", "-m", "pip", "install", buildpath
    bin.install_symlink libexec/"bin/codanna-lsp"
  end

  test do
    (testpath/"store.py").write <<~PYTHON
      def send_with_backoff(bucket, path):
          """Put a file into the bucket; wait longer each time the connection breaks."""
    PYTHON
    assert_match "store.py:1", shell_output("#{bin}/codanna-lsp search 'send a file to the bucket'")
    assert_match version.to_s, shell_output("#{bin}/codanna-lsp --version")
  end
end
