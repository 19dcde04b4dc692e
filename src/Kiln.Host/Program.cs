using System.CommandLine;
using Kiln.Host;

var root = new RootCommand("Kiln makes, stores, copies, shares, deprecates and retires machine images with the AWS API.")
{
    ServeCommand.Make(),
};
// SIGTERM and SIGINT belong to the host, which drains; the parser's own handler would cut that short.
return await root.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
