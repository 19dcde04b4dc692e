using System.CommandLine;
using Kiln.Cli;
using Kiln.Host;

var root =
    new RootCommand("Kiln makes, stores, copies, shares, deprecates and retires machine images with the AWS API.")
{
    ServeCommand.Make(),
};
foreach (var command in Commands.All(Embedding.Start))
    root.Add(command);
// SIGTERM and SIGINT belong to the host, which drains; the parser's own handler would cut that short.
var parsed = root.Parse(args);
var code = await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
return parsed.Errors.Count > 0 ? ExitCodes.Usage : code;
