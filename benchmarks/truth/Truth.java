import com.sun.source.tree.*;
import com.sun.source.util.*;
import java.nio.file.*;
import java.util.*;
import javax.lang.model.element.*;
import javax.tools.*;

/** Prints every use of a name in a Java project with the place that javac gives: java Truth.java PROJECT [CLASSPATH]. */
public class Truth {
    public static void main(String[] arguments) throws Exception {
        Path root = Path.of(arguments[0]).toRealPath();
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null);
        List<Path> sources;
        try (var walk = Files.walk(root)) {
            sources = walk.filter(path -> path.toString().endsWith(".java"))
                .filter(path -> !path.endsWith("module-info.java") && !path.endsWith("package-info.java")).toList();
        }
        List<String> options = new ArrayList<>(List.of("-proc:none", "-nowarn", "-implicit:none"));
        if (arguments.length > 1) options.addAll(List.of("-classpath", arguments[1]));
        JavacTask task = (JavacTask) compiler.getTask(null, files, problem -> { }, options, null,
            files.getJavaFileObjectsFromPaths(sources));
        Trees trees = Trees.instance(task);
        List<CompilationUnitTree> units = new ArrayList<>();
        task.parse().forEach(units::add);
        task.analyze();
        StringBuilder out = new StringBuilder();
        for (CompilationUnitTree unit : units) new Uses(root, trees, unit, out).scan(unit, null);
        System.out.print(out);
    }

    static class Uses extends TreePathScanner<Void, Void> {
        final Path root; final Trees trees; final CompilationUnitTree unit; final StringBuilder out; final String text;
        final Set<Tree> called = Collections.newSetFromMap(new IdentityHashMap<>());

        Uses(Path root, Trees trees, CompilationUnitTree unit, StringBuilder out) throws Exception {
            this.root = root; this.trees = trees; this.unit = unit; this.out = out;
            this.text = unit.getSourceFile().getCharContent(true).toString();
        }

        @Override public Void visitMethodInvocation(MethodInvocationTree node, Void none) {
            called.add(node.getMethodSelect());
            return super.visitMethodInvocation(node, none);
        }

        @Override public Void visitNewClass(NewClassTree node, Void none) {
            ExpressionTree name = node.getIdentifier();
            if (name instanceof ParameterizedTypeTree generic) name = (ExpressionTree) generic.getType();
            called.add(name);
            Element made = trees.getElement(getCurrentPath());
            if (made != null) {
                Element declared = node.getClassBody() != null ? null : made;
                print(name, name instanceof MemberSelectTree select ? select.getIdentifier().toString() : name.toString(), declared);
            }
            return super.visitNewClass(node, none);
        }

        @Override public Void visitIdentifier(IdentifierTree node, Void none) {
            print(node, node.getName().toString(), trees.getElement(getCurrentPath()));
            return null;
        }

        @Override public Void visitMemberSelect(MemberSelectTree node, Void none) {
            print(node, node.getIdentifier().toString(), trees.getElement(getCurrentPath()));
            return super.visitMemberSelect(node, none);
        }

        @Override public Void visitMemberReference(MemberReferenceTree node, Void none) {
            print(node, node.getName().toString(), trees.getElement(getCurrentPath()));
            return super.visitMemberReference(node, none);
        }

        void print(Tree node, String name, Element element) {
            if (element == null || element instanceof PackageElement || element.asType().getKind().name().equals("ERROR")) return;
            if (name.equals("this") || name.equals("super")) return;
            long end = trees.getSourcePositions().getEndPosition(unit, node);
            if (end < 0) return;
            int start = (int) end - name.length();
            if (start < 0 || !text.startsWith(name, start)) return;
            TreePath path = trees.getPath(element);
            if (path == null && element.getKind() == ElementKind.CONSTRUCTOR) path = trees.getPath(element.getEnclosingElement());
            String target = "-\t0";
            if (path != null) {
                CompilationUnitTree other = path.getCompilationUnit();
                Path file = Path.of(other.getSourceFile().toUri());
                if (file.startsWith(root)) target = root.relativize(file) + "\t" + nameLine(path, other, element);
            } else if (element.getKind().isField() || !element.getKind().isClass() && !element.getKind().isInterface()) {
                Element owner = element.getEnclosingElement();
                if (owner != null && trees.getPath(owner) != null) return;
            }
            LineMap lines = unit.getLineMap();
            long line = lines.getLineNumber(start) - 1;
            int column = text.substring((int) lines.getStartPosition(line + 1), start).getBytes(java.nio.charset.StandardCharsets.UTF_8).length;
            out.append(root.relativize(Path.of(unit.getSourceFile().toUri()))).append('\t').append(line).append('\t').append(column)
                .append('\t').append(called.contains(node) ? "call" : "ref").append('\t').append(name).append('\t').append(target).append('\n');
        }

        long nameLine(TreePath path, CompilationUnitTree other, Element element) {
            Tree leaf = path.getLeaf();
            long start = trees.getSourcePositions().getStartPosition(other, leaf);
            String name = element.getKind() == ElementKind.CONSTRUCTOR ? element.getEnclosingElement().getSimpleName().toString() : element.getSimpleName().toString();
            try {
                String all = other.getSourceFile().getCharContent(true).toString();
                Tree modifiers = leaf instanceof ClassTree type ? type.getModifiers() : leaf instanceof MethodTree method ? method.getModifiers()
                    : leaf instanceof VariableTree variable ? variable.getModifiers() : null;
                long from = modifiers == null ? start : Math.max(start, trees.getSourcePositions().getEndPosition(other, modifiers));
                if (leaf instanceof MethodTree method && method.getReturnType() != null)
                    from = Math.max(from, trees.getSourcePositions().getEndPosition(other, method.getReturnType()));
                if (leaf instanceof VariableTree variable && variable.getType() != null)
                    from = Math.max(from, trees.getSourcePositions().getEndPosition(other, variable.getType()));
                var matcher = java.util.regex.Pattern.compile("\\b" + java.util.regex.Pattern.quote(name) + "\\b").matcher(all);
                if (matcher.find((int) from)) start = matcher.start();
            } catch (Exception problem) {
                throw new IllegalStateException(problem);
            }
            return other.getLineMap().getLineNumber(start) - 1;
        }
    }
}
