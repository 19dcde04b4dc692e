using Kiln.Draft;

const string usage = """
    usage:
      Kiln.Draft distil MODELS OUT KNOWN
          distils the public models below the folder MODELS (SERVICE/VERSION/service-2.json or .json.gz)
          into OUT/SERVICE.json, and the names of all operations into the file KNOWN
      Kiln.Draft draft SERVICE OPERATION…
          drafts operations and the shapes they reach from the distilled models
      Kiln.Draft list SERVICE [TEXT…]
          lists operations by name; those without a binding are known by name only
    """;

try
{
    switch (args)
    {
        case ["distil", var models, var output, var known]:
            Distil(models, output, known);
            return 0;
        case ["draft", var service, .. { Length: > 0 } operations]:
            foreach (var operation in operations)
                foreach (var (file, text) in new Drafter(Load(service)).Draft(operation))
                    Console.WriteLine($"// ── {file}\n{text}");
            return 0;
        case ["list", var service, .. var rest]:
            foreach (var (name, operation) in Load(service).Operations)
                if (rest.All(part => name.Contains(part, StringComparison.OrdinalIgnoreCase)))
                    Console.WriteLine($"{name,-50} {operation.Http}");
            return 0;
        default:
            Console.Error.WriteLine(usage);
            return 2;
    }
}
catch (Exception error) when (error is IOException or KeyNotFoundException or InvalidDataException)
{
    Console.Error.WriteLine(error.Message);
    return 1;
}

static void Distil(string models, string output, string known)
{
    var names = new List<string>();
    Directory.CreateDirectory(output);
    foreach (var service in Selection.Services)
    {
        var model = Distiller.Distil(service, Distiller.NewestModel(models, service));
        File.WriteAllText(Path.Combine(output, service + ".json"), model.Write());
        names.AddRange(model.Operations.Keys.Select(name => $"{service} {name}"));
    }
    File.WriteAllLines(known, names);
}

static ApiModel Load(string service)
{
    const string inTree = "tests/Kiln.Tests/Contract/Model";
    for (var folder = new DirectoryInfo(Environment.CurrentDirectory); folder is not null; folder = folder.Parent)
        if (File.Exists(Path.Combine(folder.FullName, "Kiln.slnx")))
            return ApiModel.Read(Path.Combine(folder.FullName, inTree, service + ".json"));
    throw new FileNotFoundException("Run this inside Kiln's source tree, where the distilled models are.");
}
