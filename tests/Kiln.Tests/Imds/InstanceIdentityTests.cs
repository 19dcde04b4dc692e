using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Kiln.Tests.Ec2.Instances;
using Kiln.Tests.Fixtures;

namespace Kiln.Tests.Imds;

public sealed class InstanceIdentityTests(TestServer server) : IClassFixture<TestServer>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_document_is_proved_by_the_installations_published_certificate()
    {
        var (image, _) = await server.NewImage("identity");
        var instance = await server.Ec2().Running(image);
        using var guest = new GuestHttp(server, instance.InstanceId);
        const string folder = "/latest/dynamic/instance-identity/";

        var text = await guest.Text(folder + "document");
        var document = JsonDocument.Parse(text).RootElement;
        Assert.Equal(instance.InstanceId, document.GetProperty("instanceId").GetString());
        Assert.Equal(TestServer.A, document.GetProperty("accountId").GetString());
        Assert.Equal("us-east-1", document.GetProperty("region").GetString());
        Assert.Equal(image, document.GetProperty("imageId").GetString());

        using var http = new HttpClient();
        var pem = await http.GetStringAsync(new Uri(server.Server.Url + "/_kiln/instance-identity.pem"), Cancel);
        using var certificate = X509Certificate2.CreateFromPem(pem);
        using var key = certificate.GetRSAPublicKey()!;
        var signature = Convert.FromBase64String(await guest.Text(folder + "signature"));
        var bytes = Encoding.UTF8.GetBytes(text);
        Assert.True(key.VerifyData(bytes, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
        foreach (var name in new[] { "pkcs7", "rsa2048" })
        {
            var signed = new SignedCms();
            signed.Decode(Convert.FromBase64String(await guest.Text(folder + name)));
            signed.CheckSignature([certificate], verifySignatureOnly: true);
            Assert.Equal(text, Encoding.UTF8.GetString(signed.ContentInfo.Content));
        }
        // The key is the installation's: a restart makes no other.
        await server.StopAsync();
        await server.StartAsync();
        Assert.Equal(
            pem, await http.GetStringAsync(new Uri(server.Server.Url + "/_kiln/instance-identity.pem"), Cancel));
    }
}
