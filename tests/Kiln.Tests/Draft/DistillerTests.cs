using System.IO.Compression;
using System.Text;
using Kiln.Draft;

namespace Kiln.Tests.Draft;

/// <summary>Facts stay, prose goes.</summary>
public sealed class DistillerTests : IDisposable
{
    private const string Source = """
        {
          "metadata": { "apiVersion": "2020-01-01", "protocol": "rest-json", "endpointPrefix": "things" },
          "operations": {
            "GetThing": {
              "http": { "method": "GET", "requestUri": "/things/{id}", "responseCode": 202 },
              "input": { "shape": "GetThingRequest" }, "output": { "shape": "Thing" },
              "errors": [ { "shape": "Gone" }, { "shape": "Odd" } ],
              "documentation": "Prose."
            }
          },
          "shapes": {
            "GetThingRequest": {
              "type": "structure", "required": ["Id"],
              "members": { "Id": { "shape": "Id", "location": "uri", "locationName": "id", "documentation": "Prose." } }
            },
            "Thing": {
              "type": "structure",
              "members": {
                "Name": { "shape": "Text" }, "Parts": { "shape": "Parts", "locationName": "parts" },
                "State": { "shape": "State" }
              }
            },
            "Parts": { "type": "list", "member": { "shape": "Thing" } },
            "Id": { "type": "string", "min": 1, "max": 9, "pattern": "[a-z]+" },
            "Text": { "type": "string", "documentation": "Prose." },
            "State": { "type": "string", "enum": ["on", "off"] },
            "Gone": { "type": "structure", "members": {}, "error": { "code": "gone", "httpStatusCode": 410 } },
            "Odd": { "type": "structure", "members": {}, "exception": true },
            "Unused": { "type": "string", "enum": ["x"] }
          }
        }
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("kiln-distil-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Put(string version, bool packed)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder, "things", version)).FullName;
        var path = Path.Combine(folder, packed ? "service-2.json.gz" : "service-2.json");
        using var file = File.Create(path);
        using Stream stream = packed ? new GZipStream(file, CompressionLevel.Fastest) : file;
        stream.Write(Encoding.UTF8.GetBytes(Source));
        return path;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Keeps_facts_and_no_prose(bool packed)
    {
        var model = Distiller.Distil("things", Put("2020-01-01", packed));

        Assert.Equal(("things", "2020-01-01", "rest-json"), (model.SigningName, model.ApiVersion, model.Protocol));
        var operation = model.Operations["GetThing"];
        Assert.Equal(("GET /things/{id}", 202), (operation.Http, operation.Status));
        Assert.Equal(["gone 410", "Odd 400"], operation.Errors);
        Assert.Equal(["GetThingRequest", "Id", "Parts", "State", "Thing"], model.Shapes.Keys);
        Assert.Equal(
            new ApiMember { Shape = "Id", Name = "id", In = "uri" }, model.Shapes["GetThingRequest"].Members!["Id"]);
        Assert.Equal("string", model.Shapes["Thing"].Members!["Name"].Shape);
        Assert.DoesNotContain("Prose", model.Write(), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_written_is_read_back()
    {
        var model = Distiller.Distil("things", Put("2020-01-01", packed: false));
        var path = Path.Combine(_folder, "things.json");
        File.WriteAllText(path, model.Write());
        Assert.Equal(model.Write(), ApiModel.Read(path).Write());
    }

    [Fact]
    public void The_newest_version_is_taken()
    {
        Put("2019-01-01", packed: true);
        var newest = Put("2020-01-01", packed: true);
        Assert.Equal(newest, Distiller.NewestModel(_folder, "things"));
        Assert.Throws<FileNotFoundException>(() => Distiller.NewestModel(_folder, "others"));
    }
}
