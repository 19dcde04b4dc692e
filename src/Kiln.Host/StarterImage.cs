using Kiln.Cli.Connections;
using Kiln.Cli.Images;
using Kiln.Cli.Output;
using Kiln.Service;

namespace Kiln.Host;

/// <summary>Makes the tiny starter image beside a running service. Whatever goes wrong is said, and ends nothing else.
/// </summary>
internal static class StarterImage
{
    /// <summary>Makes it where it is not there yet.</summary>
    public static Task Make(KilnServer server, ServiceOptions options, CancellationToken cancel) => Task.Run(async () =>
    {
        var screen = Screen.OfProcess();
        try
        {
            var connection = Connection.Find(
                name => name == "AWS_SHARED_CREDENTIALS_FILE" ? options.CredentialsPath : null,
                options.RegionList[0], profile: "default", endpoint: server.Url);
            await Starter.Make(Recipe.Tiny, connection, screen, cancel);
        }
        catch (Exception failure)
        {
            if (!cancel.IsCancellationRequested)
                screen.Say($"No starter image was made: {failure.Message}\n      Later: kiln image build tiny");
        }
    }, CancellationToken.None);
}
