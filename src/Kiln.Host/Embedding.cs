using Kiln.Cli.Tours;
using Kiln.Service;

namespace Kiln.Host;

/// <summary>Starts a service inside this process for <c>kiln tour</c>: development, a free port, temporary
/// data.</summary>
internal static class Embedding
{
    /// <summary>Starts it.</summary>
    public static async Task<EmbeddedKiln> Start(CancellationToken cancel)
    {
        var folder = Directory.CreateTempSubdirectory("kiln-tour-").FullName;
        try
        {
            var server = await KilnServer.Start(new ServiceOptions
            {
                Data = Path.Combine(folder, "data"),
                MasterKey = Path.Combine(folder, "master-key"),
                Listen = "127.0.0.1:0",
                Dev = true,
                Guests = "simulated",
            }, cancel: cancel);
            return new EmbeddedKiln(new Uri(server.Url), async () =>
            {
                await server.DisposeAsync();
                Directory.Delete(folder, recursive: true);
            });
        }
        catch
        {
            Directory.Delete(folder, recursive: true);
            throw;
        }
    }
}
